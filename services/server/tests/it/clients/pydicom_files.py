"""Holds the service against pydicom, for every file of pydicom and pydicom-data.

    pydicom_files.py waves      how many services are needed: many files are one instance in other forms
    pydicom_files.py N          stores the files of wave N in the empty service at DICOMWEB, and compares

Compared are: which files are refused, and that a rule says so; the metadata with pydicom's own `to_json_dict`, bulk data with the values
of the file; the retrieved bytes, or elements where no File Meta Information came with the file; each element after conversion to Explicit
VR Little Endian; each frame with pydicom's decoding. What may differ is listed below with its reason. Prints each difference and
exits with 1 when there is one.
"""

import base64
import json
import sys
from collections import Counter

import numpy
import pydicom
from pydicom.filebase import DicomBytesIO

import files
import wire

sys.path.insert(0, str(files.TEST_DATA.parents[1] / "fixtures/files"))
from pydicom_json import OURS, compare  # noqa: E402

DIRECTORY = "1.2.840.10008.1.3.10"

# Files that are refused although they say which instance they are: the last bytes are missing.
CUT_SHORT = {"pydicom/test_files/MR_truncated.dcm", "pydicom/test_files/rtplan_truncated.dcm"}

# Bulk data of an image are its frames; what follows the last of them in the value is left out (PS3.18 §10.4.1.1.5, PS3.5 §8.1.1).
AFTER_THE_LAST_FRAME = {
    "pydicom/test_files/SC_rgb_small_odd.dcm": "one byte pads 27",
    "pydicom/test_files/SC_rgb_small_odd_big_endian.dcm": "one byte pads 27",
    "pydicom/test_files/MR_small_padded.dcm": "padding",
    "pydicom/test_files/badVR.dcm": "NumberOfFrames is 1A, no number: one frame is known, of fifteen",
}

# Elements that describe how pixels are laid out: a decompressed image has others (PS3.3 §C.7.6.3).
LAYOUT = {"PixelData", "PhotometricInterpretation", "PlanarConfiguration", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"}

# Largest difference of a sample by transfer syntax; what isn't listed is exact. JPEG lets decoders round the cosine transform as they
# like (ISO/IEC 10918-2), and how halved chrominance is spread over pixels is theirs too.
TOLERANCE = {"1.2.840.10008.1.2.4.50": 6, "1.2.840.10008.1.2.4.51": 1}


def kept_aside(file: files.File) -> str | None:
    """The rule by which a file can't be stored, if there is one (PS3.18 §10.5.1, PS3.10 §8.6)."""
    if file.dataset is None or not file.is_whole:
        return "it does not say which instance it is"
    if not all(pydicom.uid.UID(file.key(keyword)).is_valid for keyword in files.KEYS):
        return "what should be its UID is none (PS3.5 §9.1)"
    if file.key("SOPClassUID") == DIRECTORY or file.key("MediaStorageSOPClassUID") == DIRECTORY:
        return "a media directory is not an instance"
    return "its last bytes are missing" if file.name in CUT_SHORT else None


def store(file: files.File):
    """Stores a file; yields what is wrong with the answer."""
    answer = wire.store(file.bytes)
    rule = kept_aside(file)
    body = json.loads(answer.content)
    stored = [item["00081155"]["Value"][0] for item in body.get("00081199", {}).get("Value", [])]
    failed = [item for tag in ("00081198", "0008119A") for item in body.get(tag, {}).get("Value", [])]
    if rule is None and (answer.status_code != 200 or stored != [file.key("SOPInstanceUID")]):
        yield f"is not stored: {answer.status_code} {body}"
    if rule is not None and (answer.status_code != 409 or len(failed) != 1 or "00081197" not in failed[0]):
        yield f"is not refused with a failure reason although {rule}: {answer.status_code}"


def bulk(uri: str) -> bytes:
    answer = wire.get(uri, "application/octet-stream")
    assert answer.status_code == 200, f"{answer.status_code} for bulk data"
    return answer.content


def little_endian(dataset: pydicom.Dataset) -> pydicom.Dataset:
    """Words of big-endian files in the order of the wire (PS3.18 §8.7.3.3.2): pydicom leaves them as they are."""
    if dataset.original_encoding[1]:
        return dataset
    size = {"OW": 2, "OL": 4, "OF": 4, "OD": 8, "OV": 8}

    def swap(_, element):
        words = size.get(element.VR)
        if element.keyword == "PixelData" and words:
            words = max(dataset.BitsAllocated // 8, 2)
        if words and element.value:
            element.value = numpy.frombuffer(element.value, f">u{words}").astype(f"<u{words}").tobytes()
    dataset.walk(swap)
    return dataset


def metadata(file: files.File):
    answer = wire.get(f"{file.address}/metadata", "application/dicom+json")
    assert answer.status_code == 200, f"{answer.status_code} for the metadata"
    ours, = answer.json()
    theirs = little_endian(file.read()).to_json_dict(suppress_invalid_tags=True, bulk_data_threshold=1 << 40)
    if file.dataset.get("PixelData") is not None and pydicom.uid.UID(file.syntax or wire.EXPLICIT).is_compressed:
        theirs.pop("7FE00010", None)  # bulk data of encapsulated pixels are the frames, which are compared by themselves
    if file.name in AFTER_THE_LAST_FRAME:
        value, frames = theirs.pop("7FE00010"), bulk(ours["7FE00010"]["BulkDataURI"])
        if not frames or not base64.b64decode(value["InlineBinary"]).startswith(frames):
            yield "/7FE00010", "is not the beginning of the value"
    for key in set(ours) - set(theirs) - OURS - {"7FE00010"}:
        if int(key, 16) not in file.dataset:
            yield f"/{key}", "is added"
    yield from compare("", ours, theirs, bulk)


def as_stored(file: files.File):
    """The file itself, except for the two syntaxes that are never used on the web (PS3.18 §8.7.3)."""
    given, = wire.parts_of(file.address, wire.OBJECTS + "*")
    if not file.is_part_10 or file.syntax in wire.NOT_FOR_THE_WEB:
        yield from elements("", pydicom.dcmread(DicomBytesIO(given)), little_endian(file.read()))
    elif given != file.bytes:
        yield "", "is not the file, byte for byte"


def value(element):
    return element.value if element is not None else None


def elements(path, ours, theirs):
    """Elements that are not alike. Group lengths and padding after the data set are not elements of it."""
    for tag in sorted(set(ours.keys()) | set(theirs.keys())):
        if tag.element == 0 or tag == 0xFFFCFFFC:
            continue
        a, b, at = ours.get(tag), theirs.get(tag), f"{path}/{tag:08X}"
        if a is None or b is None:
            yield at, "is missing" if a is None else "is added"
        elif a.VR == "SQ" and b.VR == "SQ":
            if len(a.value) != len(b.value):
                yield at, "has another number of items"
            for index, pair in enumerate(zip(a.value, b.value)):
                yield from elements(f"{at}/{index + 1}", *pair)
        elif a.VR != b.VR and a.keyword != "PixelData":
            yield at, f"has VR {a.VR} instead of {b.VR}"
        elif a.value != b.value and not (a.value != a.value and b.value != b.value):
            yield at, "has another value"


def as_explicit(file: files.File, counts: Counter):
    """Explicit VR Little Endian is what everybody gets who says nothing (PS3.18 §8.7.3.1)."""
    syntax = pydicom.uid.UID(file.syntax or wire.EXPLICIT)
    answer = wire.get(file.address, wire.OBJECTS + wire.EXPLICIT)
    original = file.read()
    try:
        expected = file.read().pixel_array if "PixelData" in original else None
    except Exception:
        expected = None  # pydicom can't decode it; it is enough that the answer is a clean one
        if answer.status_code != 200:
            assert answer.status_code == 406, f"{answer.status_code} for an image that can't be decoded"
            return
    assert answer.status_code == 200, f"{answer.status_code} for Explicit VR Little Endian"
    body, = wire.parts(answer)
    given = pydicom.dcmread(DicomBytesIO(body))
    if given.file_meta.TransferSyntaxUID != wire.EXPLICIT:
        yield "", f"is {given.file_meta.TransferSyntaxUID.name}"
    for keyword in LAYOUT if syntax.is_compressed else ():
        original.pop(keyword, None)
        given.pop(keyword, None) if keyword != "PixelData" else None
    layout = {f"/{pydicom.datadict.tag_for_keyword(keyword):08X}" for keyword in LAYOUT}
    for at, what in elements("", given, little_endian(original)):
        if not (syntax.is_compressed and at in layout):
            yield at, what
    if expected is not None:
        counts["images"] += 1
        yield from pixels(file, pydicom.dcmread(DicomBytesIO(body)), expected, counts)


def pixels(file: files.File, given: pydicom.Dataset, expected, counts: Counter):
    ours = given.pixel_array
    if ours.shape != expected.shape:
        yield "/7FE00010", f"has the shape {ours.shape}, not {expected.shape}"
        return
    furthest = int(numpy.abs(ours.astype("i8") - expected.astype("i8")).max())
    if furthest > TOLERANCE.get(file.syntax, 0):
        yield "/7FE00010", f"is decoded {furthest} off"
    number = int(given.get("NumberOfFrames", 1) or 1)
    counts["frames"] += number
    frames = wire.parts_of(f"{file.address}/frames/{','.join(str(n + 1) for n in range(number))}", wire.OCTETS + wire.EXPLICIT)
    bits = len(given.PixelData) * 8 // number if given.BitsAllocated == 1 else 0
    whole = b"".join(frames)
    if not bits and given.PixelData[: len(whole)] != whole or len(frames) != number:
        yield "/7FE00010", "has other frames than the instance"


# What images are compressed into without loss.
LOSSLESS = ["1.2.840.10008.1.2.5"] + [f"1.2.840.10008.1.2.4.{last}" for last in ("80", "90", "201", "202")]


def as_encoded(file: files.File, counts: Counter):
    """Another lossless syntax: the same elements around the same samples, or a clean refusal."""
    original = file.read()
    answer = wire.get(file.address, wire.OBJECTS + wire.EXPLICIT)
    if "PixelData" not in original or answer.status_code != 200:
        return
    body, = wire.parts(answer)
    try:
        expected = pydicom.dcmread(DicomBytesIO(body)).pixel_array
    except Exception:
        return  # pydicom can't tell the pixels even so
    for syntax in LOSSLESS:
        answer = wire.get(file.address, wire.OBJECTS + syntax)
        if answer.status_code == 406:
            counts["not encoded"] += 1
            continue
        assert answer.status_code == 200, f"{answer.status_code} for {syntax}"
        body, = wire.parts(answer)
        given = pydicom.dcmread(DicomBytesIO(body))
        if given.file_meta.TransferSyntaxUID != syntax:
            yield "", f"is {given.file_meta.TransferSyntaxUID.name}, not {syntax}"
        if not numpy.array_equal(given.pixel_array, expected):
            yield "/7FE00010", f"has other samples in {syntax}"
        counts["encoded"] += 1
        layout = {f"/{pydicom.datadict.tag_for_keyword(keyword):08X}" for keyword in LAYOUT}
        for at, what in elements("", given, little_endian(file.read())):
            if at not in layout:
                yield at, f"{what} in {syntax}"


def compare_file(file: files.File, counts: Counter):
    """Everything that is wrong with one file that was stored."""
    for name, check in (("metadata", metadata), ("as stored", as_stored), ("converted", lambda f: as_explicit(f, counts)),
                        ("encoded", lambda f: as_encoded(f, counts))):
        try:
            for at, what in check(file):
                yield f"{name} {at}", what
        except Exception as error:
            yield name, f"{type(error).__name__}: {error}"


def main(argument: str) -> int:
    waves = files.waves(files.files())
    if argument == "waves":
        print(len(waves))
        return 0
    counts, wrong = Counter(), 0
    for file in waves[int(argument)]:
        faults = [("store", what) for what in store(file)]
        if kept_aside(file) is not None:
            counts["refused"] += 1
        elif not faults:
            counts["stored"] += 1
            faults = list(compare_file(file, counts))
        for at, what in faults:
            wrong += 1
            print(f"{file.name}: {at}: {what}")
    told = ", ".join(f"{counts[key]} {key}" for key in ("stored", "refused", "images", "frames", "encoded", "not encoded"))
    print(f"peer: pydicom {pydicom.__version__}, wave {argument}: {told}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
