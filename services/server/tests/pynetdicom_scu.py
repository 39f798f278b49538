"""pynetdicom as the user of the service's DIMSE side: stores, queries both models at every level, gets, moves and cancels.

    pynetdicom_scu.py PORT OWN_PORT FILE…     OWN_PORT is where the registered destination PYMOVE listens

Every object that comes back must equal the file that was stored. Prints one line of JSON: what was moved.
"""

import json
import sys
import time

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelFind as PATIENT_FIND,
    PatientRootQueryRetrieveInformationModelGet as PATIENT_GET,
    PatientRootQueryRetrieveInformationModelMove as PATIENT_MOVE,
    StudyRootQueryRetrieveInformationModelFind as STUDY_FIND,
    StudyRootQueryRetrieveInformationModelGet as STUDY_GET,
    StudyRootQueryRetrieveInformationModelMove as STUDY_MOVE,
    Verification,
)

PORT, OWN_PORT = int(sys.argv[1]), int(sys.argv[2])
FILES = {file.SOPInstanceUID: file for file in map(dcmread, sys.argv[3:])}
KINDS = sorted({(file.SOPClassUID, file.file_meta.TransferSyntaxUID) for file in FILES.values()})
told = {"files": len(FILES)}


def associate(contexts, roles=(), handlers=(), extended=()):
    ae = AE(ae_title="PYNETDICOM")
    for abstract, syntaxes in contexts:
        ae.add_requested_context(abstract, syntaxes)
    items = [build_role(uid, scp_role=True) for uid in roles] + list(extended)
    association = ae.associate("127.0.0.1", PORT, ae_title="DICS", ext_neg=items, evt_handlers=list(handlers))
    assert association.is_established, "no association"
    return association


PLAIN = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]


def identifier(level, **keys):
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    return asked


def find(model, asked, extended=()):
    """Matches and the final status."""
    association = associate([(model, PLAIN)], extended=extended)
    matches, last = [], None
    for status, match in association.send_c_find(asked, model):
        last = status
        if status.Status in (0xFF00, 0xFF01):
            assert match.QueryRetrieveLevel == asked.QueryRetrieveLevel and match.RetrieveAETitle == "DICS"
            matches.append(match)
    association.release()
    return matches, last


def values(matches, keyword):
    return sorted(str(match[keyword].value) for match in matches)


def of(file, keyword):
    return str(file.get(keyword, "") or "")


def echo():
    association = associate([(Verification, PLAIN)])
    assert association.send_c_echo().Status == 0
    association.release()


def store():
    association = associate([(uid, [syntax]) for uid, syntax in KINDS])
    for file in FILES.values():
        status = association.send_c_store(file)
        assert status and status.Status == 0, f"C-STORE: {status}"
    association.release()
    told["stored"] = len(FILES)


def queries():
    files = list(FILES.values())
    patients = sorted({of(file, "PatientID") for file in files if of(file, "PatientID")})
    matches, last = find(PATIENT_FIND, identifier("PATIENT", PatientID="", PatientName=""))
    assert last.Status == 0 and values(matches, "PatientID") == patients, (values(matches, "PatientID"), patients)

    studies = sorted({file.StudyInstanceUID for file in files})
    matches, last = find(STUDY_FIND, identifier("STUDY", StudyInstanceUID="", NumberOfStudyRelatedInstances=""))
    assert last.Status == 0 and values(matches, "StudyInstanceUID") == studies
    assert sum(int(match.NumberOfStudyRelatedInstances) for match in matches) == len(files)

    found = 0
    for study in studies:
        own = [file for file in files if file.StudyInstanceUID == study]
        patient = of(own[0], "PatientID")
        if patient:
            matches, last = find(PATIENT_FIND, identifier("STUDY", PatientID=patient, StudyInstanceUID=study))
            assert last.Status == 0 and values(matches, "StudyInstanceUID") == [study]
        matches, last = find(STUDY_FIND, identifier("SERIES", StudyInstanceUID=study, SeriesInstanceUID="", Modality=""))
        assert last.Status == 0 and values(matches, "SeriesInstanceUID") == sorted({f.SeriesInstanceUID for f in own})
        for series in {file.SeriesInstanceUID for file in own}:
            asked = identifier("IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID="", Rows=None)
            matches, last = find(STUDY_FIND, asked)
            assert last.Status == 0
            assert values(matches, "SOPInstanceUID") == sorted(
                file.SOPInstanceUID for file in own if file.SeriesInstanceUID == series
            )
            for match in matches:
                assert match.Rows == FILES[match.SOPInstanceUID].get("Rows"), "Rows of the header"
            found += len(matches)
    told["found"] = found

    series = files[0].SeriesInstanceUID
    matches, last = find(STUDY_FIND, identifier("SERIES", SeriesInstanceUID=series))
    assert last.Status == 0xA900 and last.OffendingElement == 0x0020000D, last
    relational = SOPClassExtendedNegotiation()
    relational.sop_class_uid = STUDY_FIND
    relational.service_class_application_information = b"\x01"
    matches, last = find(STUDY_FIND, identifier("SERIES", SeriesInstanceUID=series), extended=[relational])
    assert last.Status == 0 and values(matches, "SeriesInstanceUID") == [series], "a relational query"

    # PS3.4 C.2.2.2.7 and C.2.2.2.8: what is empty, and each of several values.
    of_study = {study: [file for file in files if file.StudyInstanceUID == study] for study in studies}
    empty = [study for study, own in of_study.items() if not any(of(file, "AccessionNumber") for file in own)]
    modalities = {study: {of(file, "Modality") for file in own} for study, own in of_study.items()}
    several = max(modalities.values(), key=len)
    both = [study for study, own in modalities.items() if own >= several]
    for information, keys, expected in (
        (b"\x00\x00\x00\x00\x00\x01", {"AccessionNumber": '""'}, empty),
        (b"\x00\x00\x00\x00\x00\x00\x01", {"ModalitiesInStudy": sorted(several | {"CT"})}, [
            study for study in both if "CT" in modalities[study]
        ]),
    ):
        negotiated = SOPClassExtendedNegotiation()
        negotiated.sop_class_uid = STUDY_FIND
        negotiated.service_class_application_information = information
        matches, last = find(STUDY_FIND, identifier("STUDY", StudyInstanceUID="", **keys), extended=[negotiated])
        assert last.Status == 0 and values(matches, "StudyInstanceUID") == sorted(expected), (keys, len(matches), len(expected))


def same(came, what):
    file = FILES[came.SOPInstanceUID]
    tags = {element.tag for element in came} ^ {element.tag for element in file}
    tags |= {element.tag for element in file if element.tag in came and came[element.tag] != element}
    tags = {tag for tag in tags if tag.element}  # pydicom writes no group lengths
    assert not tags, f"{what}: an object is not what was stored: {sorted(tags)}"


def get():
    """Every study as it is stored."""
    came = []

    def on_store(event):
        dataset = event.dataset
        came.append((dataset, event.context.transfer_syntax))
        return 0x0000

    roles = sorted({uid for uid, _ in KINDS})
    for model, level in ((STUDY_GET, "STUDY"), (PATIENT_GET, "STUDY")):
        came.clear()
        expected = 0
        for study in sorted({file.StudyInstanceUID for file in FILES.values()}):
            own = [file for file in FILES.values() if file.StudyInstanceUID == study]
            keys = {"StudyInstanceUID": study}
            if model is PATIENT_GET:
                if not of(own[0], "PatientID"):
                    continue
                keys["PatientID"] = of(own[0], "PatientID")
            contexts = [(model, PLAIN)] + [(uid, [syntax]) for uid, syntax in KINDS]
            association = associate(contexts, roles=roles, handlers=[(evt.EVT_C_STORE, on_store)])
            last = [status for status, _ in association.send_c_get(identifier(level, **keys), model)][-1]
            association.release()
            assert last.Status == 0 and last.NumberOfCompletedSuboperations == len(own), last
            expected += len(own)
        assert len(came) == expected
        for dataset, syntax in came:
            assert syntax == FILES[dataset.SOPInstanceUID].file_meta.TransferSyntaxUID
            same(dataset, "C-GET")
        told["got" if model is STUDY_GET else "got_patient_root"] = len(came)


def move():
    came = []

    def on_store(event):
        came.append(event.dataset)
        return 0x0000

    scp = AE(ae_title="PYMOVE")
    for uid, syntax in KINDS:
        scp.add_supported_context(uid, sorted({s for u, s in KINDS if u == uid}))
    server = scp.start_server(("127.0.0.1", OWN_PORT), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)])
    try:
        studies = sorted({file.StudyInstanceUID for file in FILES.values()})
        association = associate([(STUDY_MOVE, PLAIN), (PATIENT_MOVE, PLAIN)])
        asked = identifier("STUDY", StudyInstanceUID=studies)
        last = [status for status, _ in association.send_c_move(asked, "PYMOVE", STUDY_MOVE)][-1]
        assert last.Status == 0 and last.NumberOfCompletedSuboperations == len(FILES), last
        assert len(came) == len(FILES)
        for dataset in came:
            same(dataset, "C-MOVE")
        told["moved"] = len(came)
        last = [status for status, _ in association.send_c_move(asked, "NOBODY", STUDY_MOVE)][-1]
        assert last.Status == 0xA801, last
        association.release()
    finally:
        server.shutdown()


echo()
store()
queries()
get()
move()
print(json.dumps(told))
