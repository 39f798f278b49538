"""Uses every method of the PyPI package dicomweb-client against the empty service at DICOMWEB, with real images.

Everything that comes back is held against the files that were stored. An assertion that fails says which method and which file.
"""

import io
import logging
import pathlib
import subprocess
import sys
from collections import Counter
from importlib.metadata import version

import pydicom
import requests
from dicomweb_client import DICOMwebClient
from dicomweb_client.uri import URI, URISuffix, URIType
from PIL import Image

import files
import wire

OCTETS = (("application/octet-stream", "1.2.840.10008.1.2.1"),)
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
# What this client knows as the media type of stored frames (PS3.18 table 8.7.3-5).
COMPRESSED = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
}
DOCUMENTS = {"SR": "text/html"}
# Segmented palettes of 50 kB and more, which rendering does not read yet.
NOT_RENDERED = {"gdcm-US-ALOKA-16.dcm"}

counts = Counter()
logging.disable(logging.WARNING)  # it repeats the Warning headers of searches
client = DICOMwebClient(wire.BASE, timeout=120)
client.set_http_retry_params(retry=False)


def value(row: dict, keyword: str):
    values = row.get(f"{pydicom.datadict.tag_for_keyword(keyword):08X}", {}).get("Value", [None])
    return values[0]


def keys(file: files.File) -> tuple[str, str, str]:
    return file.key("StudyInstanceUID"), file.key("SeriesInstanceUID"), file.key("SOPInstanceUID")


def storable() -> list[files.File]:
    """Files that this client can write: one for each instance, with an address of their own."""
    chosen = []
    for file in files.waves(files.files())[0]:
        valid = file.is_whole and all(pydicom.uid.UID(file.key(keyword)).is_valid for keyword in files.KEYS)
        if not valid or not file.is_part_10 or "truncated" in file.name or file.path.name.startswith("DICOMDIR"):
            continue
        try:
            pydicom.dcmwrite(io.BytesIO(), file.read())
        except Exception:
            continue  # pydicom reads more than it writes
        chosen.append(file)
    return chosen


def store(of: list[files.File]):
    """Store Transaction, with and without a study in the path."""
    first = of[0]
    answer = client.store_instances([first.read()], study_instance_uid=first.key("StudyInstanceUID"))
    assert answer.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.key("SOPInstanceUID")
    answer = client.store_instances([file.read() for file in of])
    assert "FailedSOPSequence" not in answer, answer
    assert {item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence} == {file.key("SOPInstanceUID") for file in of}
    for item in answer.ReferencedSOPSequence:
        address = URI.from_string(item.RetrieveURL.replace("localhost", "127.0.0.1"), uri_type=URIType.INSTANCE)
        assert address.sop_instance_uid == item.ReferencedSOPInstanceUID
    counts["stored"] += len(answer.ReferencedSOPSequence)


def search(of: list[files.File]):
    """Search Transaction: the six resources, filters, fields, paging and fuzzy matching."""
    studies, series = {keys(file)[0] for file in of}, {keys(file)[:2] for file in of}
    found = client.search_for_studies(get_remaining=True, limit=7)
    assert sorted(value(row, "StudyInstanceUID") for row in found) == sorted(studies), "paging gives each study once"
    assert len(client.search_for_studies(limit=3, offset=len(studies) - 2)) == 2
    assert client.search_for_studies(search_filters={"StudyInstanceUID": "1.2.3"}) == []
    rows = client.search_for_series(get_remaining=True, limit=20)
    assert sorted((value(row, "StudyInstanceUID"), value(row, "SeriesInstanceUID")) for row in rows) == sorted(series)
    rows = client.search_for_instances(get_remaining=True, limit=50)
    assert sorted(value(row, "SOPInstanceUID") for row in rows) == sorted(keys(file)[2] for file in of)
    for study in sorted(studies):
        here = [file for file in of if keys(file)[0] == study]
        row, = client.search_for_studies(search_filters={"StudyInstanceUID": study}, fields=["StudyDescription", "PatientAge"])
        assert value(row, "NumberOfStudyRelatedInstances") == len(here)
        assert URI.from_string(value(row, "RetrieveURL"), uri_type=URIType.STUDY).study_instance_uid == study
        within = {keys(file)[1] for file in here}
        assert {value(row, "SeriesInstanceUID") for row in client.search_for_series(study)} == within
        assert len(client.search_for_instances(study)) == len(here)
        for one in within:
            rows = client.search_for_instances(study, one, fields=["ImageType"])
            assert {value(row, "SOPInstanceUID") for row in rows} == {keys(file)[2] for file in here if keys(file)[1] == one}
            counts["series"] += 1
        counts["studies"] += 1
    match(of)


def match(of: list[files.File]):
    """Rows that a filter finds are those whose files have the value."""
    names = {str(file.dataset.get("PatientName", "")) for file in of if file.key("PatientName")}
    for name in sorted(names)[:40]:
        if name.isascii() and "=" not in name and "^" in name:
            rows = client.search_for_studies(search_filters={"PatientName": name.split("^")[0].lower() + "*"})
            found, expected = {value(row, "StudyInstanceUID") for row in rows}, {keys(f)[0] for f in of if str(f.dataset.get("PatientName")) == name}
            assert expected <= found, "a name is found by its beginning, whatever its case"
    for modality in ("CT", "MR", "US", "SR"):
        rows = client.search_for_series(search_filters={"Modality": modality}, get_remaining=True)
        assert {value(row, "SeriesInstanceUID") for row in rows} == {keys(f)[1] for f in of if f.key("Modality") == modality}
        counts["filters"] += 1
    rows = client.search_for_studies(search_filters={"PatientName": "CompressedSample"}, fuzzymatching=True, limit=200)
    assert rows, "a part of a name is found by fuzzy matching"
    rows = client.search_for_instances(search_filters={"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33"})
    assert {value(row, "SOPInstanceUID") for row in rows} == {keys(f)[2] for f in of if f.key("SOPClassUID") == "1.2.840.10008.5.1.4.1.1.88.33"}


def same(given: pydicom.Dataset, file: files.File, what: str):
    expected = file.read()
    syntax = expected.file_meta.TransferSyntaxUID
    wanted = wire.EXPLICIT if syntax in wire.NOT_FOR_THE_WEB else syntax
    assert given.file_meta.TransferSyntaxUID == wanted, f"{file.name}: {what}: transfer syntax"
    for element in expected:
        if not syntax.is_little_endian and element.VR in ("OB", "OW", "OF", "OD", "OL", "OV"):
            continue  # pydicom leaves the words of big-endian files as they are
        if element.tag.element and element.tag != 0xFFFCFFFC and element.keyword != "SpecificCharacterSet":
            assert given.get(element.tag) == element, f"{file.name}: {what}: {element.tag}"


def retrieve(of: list[files.File]):
    """Retrieve Transaction: instances at every level, all at once and one by one."""
    stored = (("application/dicom", "*"),)
    for file in of:
        same(client.retrieve_instance(*keys(file)), file, "instance")
        if file.syntax in COMPRESSED or file.syntax == wire.EXPLICIT:
            same(client.retrieve_instance(*keys(file), media_types=(("application/dicom", file.syntax),)), file, "instance by syntax")
        counts["instances"] += 1
    for study in sorted({keys(file)[0] for file in of}):
        here = {keys(file)[2]: file for file in of if keys(file)[0] == study}
        for given in (client.retrieve_study(study, media_types=stored), list(client.iter_study(study, media_types=stored))):
            assert {one.SOPInstanceUID for one in given} == set(here), "a study is whole"
        for series in {keys(file)[1] for file in here.values()}:
            for given in (client.retrieve_series(study, series, media_types=stored), list(client.iter_series(study, series, media_types=stored))):
                assert {one.SOPInstanceUID for one in given} == {uid for uid, file in here.items() if keys(file)[1] == series}
            assert len(client.retrieve_series_metadata(study, series)) == len(given)
        assert {value(one, "SOPInstanceUID") for one in client.retrieve_study_metadata(study)} == set(here)


def bulkdata_of(data_set: dict, original: pydicom.Dataset):
    """Each BulkDataURI of a header with the element that it stands for."""
    for tag, attribute in data_set.items():
        element = original.get(int(tag, 16))
        if "BulkDataURI" in attribute:
            yield attribute["BulkDataURI"], element
        elif attribute["vr"] == "SQ":
            for item, inner in zip(attribute.get("Value", []), element.value):
                yield from bulkdata_of(item, inner)


def metadata_and_bulkdata(file: files.File):
    header = client.retrieve_instance_metadata(*keys(file))
    if file.path.name != "badVR.dcm":  # an integer that is none, which pydicom doesn't read from JSON
        data_set = pydicom.Dataset.from_json(header, bulk_data_uri_handler=lambda _: b"")
        assert data_set.SOPInstanceUID == keys(file)[2]
    for uri, element in bulkdata_of(header, file.read()):
        uri = requests.compat.urljoin(wire.BASE, uri)
        pixels = element.keyword == "PixelData"
        given = client.retrieve_bulkdata(uri)
        assert given == list(client.iter_bulkdata(uri)), f"{file.name}: {element.tag}: streamed"
        if file.syntax in NATIVE:
            assert client.retrieve_bulkdata(uri, media_types=OCTETS) == given
            assert element.value.startswith(given[0]) if pixels else given == [element.value], f"{file.name}: {element.tag}"
        counts["bulk values"] += 1


def frames(file: files.File):
    """Frames as stored, by media type, as Explicit VR Little Endian, and rendered."""
    number = int(file.dataset.get("NumberOfFrames", 1) or 1)
    wanted = sorted({1, number})
    image = [*keys(file), wanted]
    native = client.retrieve_instance_frames(*image, media_types=OCTETS)
    assert len(native) == len(wanted) and native == list(client.iter_instance_frames(*image, media_types=OCTETS))
    assert len(client.retrieve_instance_frames(*image)) == len(wanted), "any media type"
    if file.syntax in COMPRESSED:
        kind = COMPRESSED[file.syntax]
        encapsulated = list(pydicom.encaps.generate_frames(file.read().PixelData, number_of_frames=number))
        for media_types in ((kind,), ((kind, file.syntax),), ("image/*",)):
            given = client.retrieve_instance_frames(*image, media_types=media_types)
            assert given == [encapsulated[n - 1] for n in wanted], f"{file.name}: {media_types}"
    elif file.syntax in NATIVE and file.dataset.BitsAllocated >= 8:
        pixels = file.read().PixelData
        length = len(native[0])
        assert native == [pixels[(n - 1) * length : n * length] for n in wanted], file.name
    for media, form in (("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/gif", "GIF")):
        picture = Image.open(io.BytesIO(client.retrieve_instance_frames_rendered(*keys(file), [1], media_types=(media,))))
        assert picture.format == form and picture.size[1] >= 1, f"{file.name}: {media}"
    small = client.retrieve_instance_frames_rendered(*keys(file), [number], media_types=("image/png",), params={"viewport": "32,32"})
    assert max(Image.open(io.BytesIO(small)).size) == 32, f"{file.name}: viewport"
    whole = client.retrieve_instance_rendered(*keys(file), media_types=("image/jpeg",), params={"quality": 50, "window": "40,400,linear"})
    assert Image.open(io.BytesIO(whole)).format == "JPEG"
    counts["frames"] += number


def document(file: files.File):
    given = client.retrieve_instance_rendered(*keys(file), media_types=(DOCUMENTS[file.key("Modality")],))
    assert b"<html" in given.lower(), file.name
    counts["documents"] += 1


def is_decodable(file: files.File) -> bool:
    """What pydicom can't decode is looked at by pydicom_files.py."""
    try:
        return file.read().pixel_array is not None
    except Exception:
        return False


def images(of: list[files.File]):
    """Everything that is asked for by instance; a file that fails does not hide the next one."""
    faults = []
    for file in of:
        steps = [metadata_and_bulkdata]
        steps += [document] if file.key("Modality") in DOCUMENTS else []
        steps += [frames] if is_decodable(file) and file.path.name not in NOT_RENDERED else []
        for step in steps:
            try:
                step(file)
            except (AssertionError, requests.HTTPError) as error:
                faults.append(f"{file.name}: {step.__name__}: {error}")
    assert not faults, "\n".join(faults)
    one = next(file for file in of if file.path.name == "CT_small.dcm")
    picture = client.retrieve_series_rendered(*keys(one)[:2], media_types=("image/png",))
    assert Image.open(io.BytesIO(picture)).size == (128, 128)


def refused(of: list[files.File]):
    """What isn't there, and deletion, which PS3.18 does not know, end in the client's own exception."""
    study, series, instance = keys(of[0])
    for status, call in (
        (404, lambda: client.retrieve_instance(study, series, "1.2.3")),
        (404, lambda: client.retrieve_study("1.2.3")),
        (404, lambda: client.retrieve_instance_frames(study, series, instance, [9999])),
        (405, lambda: client.delete_instance(study, series, instance)),
        (405, lambda: client.delete_series(study, series)),
        (405, lambda: client.delete_study(study)),
    ):
        try:
            call()
        except requests.HTTPError as error:
            assert error.response.status_code == status, error.response.status_code
        else:
            raise AssertionError(f"{status} was expected")


def command_line(of: list[files.File]):
    """The package's own program."""
    study, series, instance = keys(of[0])
    run = lambda *arguments: subprocess.run(
        [pathlib.Path(sys.executable).with_name("dicomweb_client"), "--url", wire.BASE, *arguments], capture_output=True, text=True, check=True
    ).stdout
    assert study in run("search", "studies", "--filter", f"StudyInstanceUID={study}")
    assert instance in run("retrieve", "instances", "--study", study, "--series", series, "--instance", instance, "metadata")


def main():
    of = storable()
    assert len(of) > 120, len(of)
    for step in (store, search, retrieve, images, refused, command_line):
        step(of)
    print(f"peer: dicomweb-client {version('dicomweb-client')} (Python): " + ", ".join(f"{n} {what}" for what, n in counts.items()))


if __name__ == "__main__":
    main()
