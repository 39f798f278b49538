#!/usr/bin/env python3
"""Decodes and renders test images with independent software, for tests/it/referee.rs to compare with.

    python3 tests/referee.py FOLDER

FOLDER gets a folder `cases` with the frames, what is expected of them, and `manifest.json`. Nothing of it belongs in the
repository: the images have licences of their own.

A case is a frame as it is stored, the data set's attributes as DICOM JSON, and the samples that pydicom (with libjpeg,
OpenJPEG and CharLS) makes of it; or, for generated images, the very samples that were encoded.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parents[3] / "fixtures/files/environment.py"
ATTRIBUTES = ("0028", "0018", "2050", "5200", "7FE0")  # groups that decoding and rendering depend on


def install() -> Path:
    """The Python of the pinned packages, made on the first run."""
    made = subprocess.run([sys.executable, ENVIRONMENT], check=True, stdout=subprocess.PIPE, text=True)
    return Path(made.stdout.strip())


class Cases:
    """The cases on disk."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cases = []

    def add(self, name, syntax, metadata, frame, stored, **expected):
        """`stored` is the frame as stored; each of `expected` is an array, a number or None."""
        case = {"name": name, "transfer_syntax_uid": str(syntax), "metadata": metadata, "frame": frame}
        case["stored"] = self.write(f"{name}.{frame}.stored", stored)
        for key, value in expected.items():
            is_array = hasattr(value, "tobytes")
            case[key] = self.write(f"{name}.{frame}.{key}", little_endian(value)) if is_array else value
        self.cases.append(case)

    def write(self, name, data) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def finish(self):
        text = json.dumps(self.cases, indent=1)
        (self.folder / "manifest.json").write_text(text)


def little_endian(array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


# Files of pydicom and pydicom-data.


def files():
    import data_store
    import pydicom.data

    yield from sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"))
    yield from sorted((Path(data_store.__file__).parent / "data").rglob("*.dcm"))


def add_file(cases: Cases, path: Path):
    import pydicom

    ds = pydicom.dcmread(path)
    if "PixelData" not in ds or "TransferSyntaxUID" not in ds.file_meta:
        return
    is_big = not ds.original_encoding[1]
    if is_big:
        swap_tables(ds)
    metadata = {
        tag: element
        for tag, element in ds.to_json_dict(suppress_invalid_tags=True, bulk_data_threshold=1 << 22).items()
        if tag.startswith(ATTRIBUTES) and tag != "7FE00010"
    }
    if is_big:
        swap_segmented_tables(metadata)
    metadata["7FE00010"] = {"vr": ds["PixelData"].VR}
    count = int(ds.get("NumberOfFrames", 1) or 1)
    for number in sorted({1, count}):
        add_frame(cases, path.stem.replace("+", "_"), ds, metadata, number, count)


def swapped(words: bytes) -> bytes:
    import numpy as np

    return np.frombuffer(words, "<u2").byteswap().tobytes()


def swap_tables(ds):
    """pydicom takes big endian palettes for little endian ones."""
    for element in ds:
        if element.tag >> 8 == 0x002812 and element.tag & 0xF0 == 0x00:
            element.value = swapped(element.value)


def swap_segmented_tables(metadata):
    """pydicom writes big endian words into DICOM JSON, which is little endian: PS3.18 F.2.7."""
    import base64

    for tag, element in metadata.items():
        if tag.startswith("0028122") and "InlineBinary" in element:
            element["InlineBinary"] = base64.b64encode(swapped(base64.b64decode(element["InlineBinary"]))).decode()


def add_frame(cases, name, ds, metadata, number, count):
    from pydicom.encaps import get_frame
    from pydicom.pixels import pixel_array

    syntax = ds.file_meta.TransferSyntaxUID
    # Native Pixel Data whole: the test cuts out the frame, and is tested in that.
    stored = get_frame(ds.PixelData, number - 1, number_of_frames=count) if syntax.is_encapsulated else ds.PixelData
    raw = rgb = grey = None
    try:
        raw = pixel_array(ds, index=number - 1, raw=True)
        if ds.SamplesPerPixel == 3:
            rgb = pixel_array(ds, index=number - 1, raw=False)
        grey = rendered(ds, raw)
    except Exception as error:  # the referee's failure is not ours; the test only asks that we don't crash
        print(f"  {name}, frame {number}: the referee gave up: {error}", file=sys.stderr)
    lossy = syntax in LOSSY_JPEG
    cases.add(name, syntax, metadata, number, stored, raw=raw, rgb=rgb, rendered=grey, lossy=lossy)


LOSSY_JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")


def rendered(ds, raw):
    """The frame as shown without any request: PS3.3 C.11, written from the text."""
    import numpy as np
    from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi

    photometric = ds.PhotometricInterpretation
    if photometric == "PALETTE COLOR":
        colours = apply_color_lut(raw, ds)
        return (colours >> 8).astype("u1") if colours.dtype.itemsize == 2 else colours
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        return None
    if "SharedFunctionalGroupsSequence" in ds or "OverlayRows" in ds:
        return None  # pydicom's functions look at the data set alone; bits of overlays are left in its arrays
    values = apply_modality_lut(raw, ds).astype("f8")
    if "WindowCenter" in ds and ds.WindowCenter not in (None, "") and first(ds.WindowWidth) >= 1:
        shown = window(values, first(ds.WindowCenter), first(ds.WindowWidth), ds.get("VOILUTFunction", "LINEAR"))
    elif "VOILUTSequence" in ds:
        bits = ds.VOILUTSequence[0].LUTDescriptor[2]
        shown = apply_voi(apply_modality_lut(raw, ds), ds).astype("f8") / ((1 << bits) - 1)
    else:
        kept = values
        if "PixelPaddingValue" in ds:
            kept = values[raw != ds.PixelPaddingValue]
        low, high = kept.min(), kept.max()
        shown = np.clip((values - low) / max(high - low, 1), 0, 1)
    if photometric == "MONOCHROME1" or ds.get("PresentationLUTShape") == "INVERSE":
        shown = 1 - shown
    return np.rint(shown * 255).astype("u1")


def first(value) -> float:
    return float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)


def window(x, c, w, function):
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, from 0 to 1."""
    import numpy as np

    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (x - c) / w))
    if function == "LINEAR_EXACT":
        return np.clip((x - c) / w + 0.5, 0, 1)
    if w == 1:
        return (x > c - 0.5).astype("f8")
    return np.clip((x - (c - 0.5)) / (w - 1) + 0.5, 0, 1)


# Generated images: lossless, so that what went in must come out.


def patterns():
    """Name, array and bits stored of images with edges, slopes and noise."""
    import numpy as np

    random = np.random.default_rng(1)
    for rows, columns in [(64, 48), (33, 57), (1, 7), (300, 260)]:
        y, x = np.mgrid[0:rows, 0:columns]
        slope = (np.hypot(y - rows / 2, x - columns / 3) * 4).astype("i8")
        noisy = slope + random.integers(0, 16, slope.shape) + np.where((x // 9 + y // 7) % 5 == 0, 500, 0)
        for bits in (8, 10, 12, 16):
            scaled = noisy % 256 if bits == 8 else (noisy << (bits - 10)) % (1 << bits)
            kind = "u1" if bits == 8 else "u2"
            yield f"{rows}x{columns}u{bits}", scaled.astype(kind), bits
            if bits > 8:
                yield f"{rows}x{columns}s{bits}", (scaled - (1 << (bits - 1))).astype("i2"), bits
        colours = np.stack([noisy % 256, slope % 256, 255 - slope % 256], axis=-1).astype("u1")
        yield f"{rows}x{columns}rgb", colours, 8


def encoders():
    """Name, transfer syntax and function of the lossless encoders; a function may refuse with an error."""
    import imagecodecs as ic
    import numpy as np

    def unsigned(array, bits):
        return (array.astype("i4") & ((1 << bits) - 1)).astype(f"u{array.dtype.itemsize}")

    def contiguous(array):
        return np.ascontiguousarray(array)

    def levels(array):
        # Every level halves the image; one that is left without pixels is asking for trouble.
        return max(1, min(6, int(np.log2(max(1, min(array.shape[:2]))))))

    yield "rle", "1.2.840.10008.1.2.5", rle
    yield "ljpeg", "1.2.840.10008.1.2.4.57", lambda a, b: ic.ljpeg_encode(unsigned(a, b), bitspersample=b)
    for predictor in (1, 4, 6, 7):
        yield (
            f"jpeg8p{predictor}",
            "1.2.840.10008.1.2.4.57",
            lambda a, b, p=predictor: ic.jpeg8_encode(unsigned(a, b), lossless=True, predictor=p, bitspersample=b),
        )
    yield "jpegls", "1.2.840.10008.1.2.4.80", lambda a, b: ic.jpegls_encode(unsigned(a, b))
    for mct in (False, True):
        yield (
            f"j2k{'mct' if mct else ''}",
            "1.2.840.10008.1.2.4.90",
            lambda a, b, m=mct: ic.jpeg2k_encode(
                contiguous(a), level=0, codecformat="J2K", reversible=True, mct=m, bitspersample=b, resolutions=levels(a)
            ),
        )
    yield (
        "jp2",
        "1.2.840.10008.1.2.4.90",
        lambda a, b: ic.jpeg2k_encode(contiguous(a), level=0, codecformat="JP2", reversible=True, bitspersample=b),
    )
    yield (
        "jxl",
        "1.2.840.10008.1.2.4.110",
        lambda a, b: ic.jpegxl_encode(contiguous(unsigned(a, b)), lossless=True, bitspersample=b),
    )
    for name, tlm, syntax in [("htj2k", False, "201"), ("htj2krpcl", True, "202"), ("htj2kany", False, "203")]:
        yield (
            name,
            f"1.2.840.10008.1.2.4.{syntax}",
            lambda a, b, t=tlm: ic.htj2k_encode(contiguous(a), reversible=True, tlm=t, resolutions=levels(a) - 1),
        )


def rle(array, bits):
    from pydicom.pixels.encoders import RLELosslessEncoder

    colour = array.ndim == 3
    return RLELosslessEncoder.encode(
        array,
        encoding_plugin="pydicom",
        rows=array.shape[0],
        columns=array.shape[1],
        samples_per_pixel=3 if colour else 1,
        bits_allocated=array.dtype.itemsize * 8,
        bits_stored=bits,
        pixel_representation=int(array.dtype.kind == "i"),
        number_of_frames=1,
        photometric_interpretation="RGB" if colour else "MONOCHROME2",
        planar_configuration=0,
    )


def add_generated(cases: Cases):
    for name, syntax, encode in encoders():
        made = 0
        for pattern, array, bits in patterns():
            if bits % 8 and name.startswith("htj2k"):
                bits = 16  # this encoder always writes the container's precision
            try:
                stream = bytes(encode(array, bits))
            except Exception as error:  # not every encoder takes every depth and sign
                refusal = error
                continue
            made += 1
            colour = array.ndim == 3
            metadata = describe(array, bits, colour)
            cases.add(f"{name}_{pattern}", syntax, metadata, 1, stream, raw=array, rgb=array if colour else None,
                      rendered=None, lossy=False)
        if not made:
            sys.exit(f"the encoder {name} made nothing: {refusal}")


def add_lossy_jpeg_xl(cases: Cases):
    """Slopes without noise, so that what comes out is close to what went in."""
    import imagecodecs as ic
    import numpy as np

    y, x = np.mgrid[0:96, 0:128]
    grey = (x + y).astype("u1")
    colours = np.stack([grey, 255 - grey, (y * 2).astype("u1")], axis=-1)
    for name, array in [("grey", grey), ("rgb", colours)]:
        colour = array.ndim == 3
        jpeg = ic.jpeg8_encode(array, level=98, subsampling="444" if colour else None)
        decoded = ic.jpeg8_decode(jpeg)
        for kind, syntax, stream, expected in [
            ("recompressed", "111", ic.jpegxl_encode_jpeg(jpeg), decoded),
            ("lossy", "112", ic.jpegxl_encode(array, lossless=False, distance=0.1), array),
        ]:
            cases.add(f"jxl_{kind}_{name}", f"1.2.840.10008.1.2.4.{syntax}", describe(array, 8, colour), 1, bytes(stream),
                      raw=expected, rgb=expected if colour else None, rendered=None, lossy=True)


def describe(array, bits, colour):
    us = lambda value: {"vr": "US", "Value": [int(value)]}
    return {
        "00280002": us(3 if colour else 1),
        "00280004": {"vr": "CS", "Value": ["RGB" if colour else "MONOCHROME2"]},
        "00280010": us(array.shape[0]),
        "00280011": us(array.shape[1]),
        "00280100": us(array.dtype.itemsize * 8),
        "00280101": us(bits),
        "00280102": us(bits - 1),
        "00280103": us(array.dtype.kind == "i"),
    }


def generate(folder: Path):
    warnings.simplefilter("ignore")
    cases = Cases(folder)
    for path in files():
        try:
            add_file(cases, path)
        except Exception as error:
            print(f"  {path.name}: left out: {error}", file=sys.stderr)
    add_generated(cases)
    add_lossy_jpeg_xl(cases)
    cases.finish()
    print(f"{len(cases.cases)} cases in {folder}")


# What we encode, read back.


def decoded(frame, stream):
    """The samples, by pixel, as the decoder of another implementation gives them."""
    import imagecodecs as ic
    import numpy as np
    from pydicom.pixels.decoders.rle import _rle_decode_frame

    syntax = frame["transfer_syntax_uid"]
    value = lambda tag: frame["metadata"][tag]["Value"][0]
    rows, columns, samples = value("00280010"), value("00280011"), value("00280002")
    if syntax == "1.2.840.10008.1.2.5":
        size = value("00280100") // 8
        planes = np.frombuffer(bytes(_rle_decode_frame(stream, rows, columns, samples, size * 8)), f"<u{size}")
        return planes.reshape(samples, rows * columns).T
    if syntax == "1.2.840.10008.1.2.4.80":
        return ic.jpegls_decode(stream)
    of_openjpeg = ic.jpeg2k_decode(stream)
    if syntax in ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"):
        # OpenJPH gives components that were not transformed together plane by plane.
        of_openjph = np.asarray(ic.htj2k_decode(stream)).reshape(-1)
        by_pixel = of_openjph.reshape(samples, rows * columns).T.reshape(-1)
        if not any(np.array_equal(np.ravel(of_openjpeg), order) for order in (of_openjph, by_pixel)):
            raise ValueError("OpenJPEG and OpenJPH read it differently")
    return of_openjpeg


def read_back(folder: Path):
    import numpy as np

    frames = json.loads((folder / "manifest.json").read_text())
    wrong = []
    for frame in frames:
        value = lambda tag: frame["metadata"][tag]["Value"][0]
        stream = (folder / f"{frame['name']}.encoded").read_bytes()
        size, bits = value("00280100") // 8, value("00280101")
        expected = np.frombuffer((folder / f"{frame['name']}.samples").read_bytes(), f"<i{size}").astype("i4")
        mask = (1 << bits) - 1  # JPEG-LS knows no sign, and unused bits are the reader's
        got = np.asarray(decoded(frame, stream)).astype("i4").ravel()
        if got.shape != expected.shape or not np.array_equal(got & mask, expected & mask):
            wrong.append(f"{frame['transfer_syntax_uid']} of {frame['metadata']}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(frames)} frames are exact")


def main():
    folder = Path(sys.argv[1]).resolve()
    if "--read-back" in sys.argv:
        if "--installed" in sys.argv:
            read_back(folder)
        else:
            sys.exit(subprocess.run([install(), __file__, folder, "--read-back", "--installed"]).returncode)
        return
    if "--generate" in sys.argv:
        generate(folder / "cases")
        return
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    python = install()
    subprocess.run([python, __file__, folder, "--generate"], check=True)


if __name__ == "__main__":
    main()
