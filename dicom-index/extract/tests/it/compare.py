"""Compares what index-extract says of files with what pydicom says of them: headers, and the bytes of each frame.

    compare.py PYDICOM_ROOT EXTRACTED

EXTRACTED holds one `<path of the file with / as __>.json` for each file: `{"header": …, "frames": [[[offset, length], …], …]}`, offsets
in the file as it is. Prints each difference and exits with 1 when there is one.
"""

import json
import pathlib
import sys
import warnings

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT))
warnings.simplefilter("ignore")

import pydicom.encaps  # noqa: E402  (it is where the first argument says)

# What we add or leave out on purpose: character set, transfer syntax, trailing padding.
OURS = {"00080005", "00083002", "FFFCFFFC"}
TEXT_NUMBERS = {"DS", "IS", "FL", "FD"}


def tidy(value):
    """Padding does not matter; neither do component groups that are empty."""
    if isinstance(value, str):
        return value.strip(" \0") or None
    if isinstance(value, dict):
        groups = {key: tidy(group) for key, group in value.items()}
        return {key: group for key, group in groups.items() if group} or None
    return value


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def same_values(vr, ours, theirs):
    ours, theirs = [tidy(v) for v in ours], [tidy(v) for v in theirs]
    if not any(v is not None for v in theirs):
        theirs = []
    if vr not in TEXT_NUMBERS:
        return ours == theirs
    close = lambda a, b: a == b or (isinstance(a, float) and isinstance(b, float) and abs(a - b) <= 1e-6 * abs(a) + 1e-30)
    return len(ours) == len(theirs) and all(close(number(a), number(b)) for a, b in zip(ours, theirs))


def compare(path, ours, theirs):
    for key in sorted(set(ours) | set(theirs)):
        if key in OURS or key.endswith("0000"):
            continue
        a, b, at = ours.get(key), theirs.get(key), f"{path}/{key}"
        if b is None:
            continue  # pydicom leaves out what it finds invalid
        if a is None:
            yield at, "is missing"
        elif a["vr"] != b["vr"]:
            private = int(key[:4], 16) % 2 == 1 and a["vr"] == "UN"  # pydicom knows private dictionaries
            pixels = key == "7FE00010"
            if not private and not pixels:
                yield at, f"has VR {a['vr']} instead of {b['vr']}"
        elif a["vr"] == "SQ":
            items = a.get("Value", []), b.get("Value", [])
            if len(items[0]) != len(items[1]):
                yield at, "has another number of items"
            for index, pair in enumerate(zip(*items)):
                yield from compare(f"{at}/{index + 1}", *pair)
        elif "BulkDataURI" in a or "InlineBinary" in b:
            if "BulkDataURI" not in a and a.get("InlineBinary") != b.get("InlineBinary"):
                yield at, "has other bytes"
        elif not same_values(a["vr"], a.get("Value", []), b.get("Value", [])):
            yield at, "has another value"


def frames_of(dataset):
    """The frames as pydicom parts them; None where they are not whole bytes of the file."""
    syntax = getattr(dataset, "file_meta", {}).get("TransferSyntaxUID")
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    if syntax is not None and syntax.is_deflated:
        return None
    if syntax is not None and syntax.is_compressed:
        return list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=count))
    samples = 2 if dataset.PhotometricInterpretation == "YBR_FULL_422" else dataset.SamplesPerPixel
    bits = dataset.Rows * dataset.Columns * samples * dataset.BitsAllocated
    if bits % 8:
        return None
    return [dataset.PixelData[n * bits // 8 : (n + 1) * bits // 8] for n in range(count)]


def compare_file(name, extracted):
    bytes_ = (ROOT / "pydicom" / "data" / name).read_bytes()
    dataset = pydicom.dcmread(ROOT / "pydicom" / "data" / name, force=True)
    # First the pixels: writing JSON makes pydicom convert what it finds invalid.
    if "PixelData" in dataset and str(dataset.get("NumberOfFrames", 1) or 1).isdigit():
        frames = [b"".join(bytes_[o : o + n] for o, n in spans) for spans in extracted["frames"]]
        theirs = frames_of(dataset)
        if theirs is not None and frames != theirs:
            yield "/7FE00010", "has other frames"
    yield from compare("", extracted["header"], dataset.to_json_dict(suppress_invalid_tags=True))


differences = 0
for written in sorted(pathlib.Path(sys.argv[2]).glob("*.json")):
    name = written.stem.replace("__", "/")
    for at, what in compare_file(name, json.loads(written.read_text("utf-8"))):
        differences += 1
        print(name, at, what)
sys.exit(1 if differences else 0)
