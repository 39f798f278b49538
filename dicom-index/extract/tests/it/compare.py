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
sys.path[:0] = [str(ROOT), str(pathlib.Path(__file__).resolve().parents[4] / "fixtures" / "files")]
warnings.simplefilter("ignore")

import pydicom.encaps  # noqa: E402  (it is where the first argument says)
from pydicom_json import compare  # noqa: E402

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
