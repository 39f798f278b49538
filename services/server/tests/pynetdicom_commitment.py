"""pynetdicom as a modality: stores, and asks whether what it stored is there for good (PS3.4 annex J).

    pynetdicom_commitment.py PORT OWN_PORT FILE…     OWN_PORT is where the registered peer PYMOVE listens; the last file is not stored

Prints one line of JSON: what was committed to, and what was not.
"""

import json
import queue
import sys

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel as COMMITMENT

PORT, OWN_PORT = int(sys.argv[1]), int(sys.argv[2])
FILES = [dcmread(file) for file in sys.argv[3:]]
INSTANCE = "1.2.840.10008.1.20.1.1"
EVENTS = queue.Queue()


def on_event(event):
    EVENTS.put((event.request.EventTypeID, event.event_information))
    return 0x0000, None


def associate(title, contexts, handlers=()):
    ae = AE(ae_title=title)
    for abstract, syntaxes in contexts:
        ae.add_requested_context(abstract, syntaxes)
    association = ae.associate("127.0.0.1", PORT, ae_title="DICS", evt_handlers=list(handlers))
    assert association.is_established, "no association"
    return association


def request(files):
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for file in files:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = file.SOPClassUID, file.SOPInstanceUID
        asked.ReferencedSOPSequence.append(item)
    return asked


def ask(title, files, syntax, handlers=()):
    """What is told: event type, what was committed to, and what was not with its reason."""
    association = associate(title, [(COMMITMENT, [syntax])], handlers)
    asked = request(files)
    status, _ = association.send_n_action(asked, 1, COMMITMENT, INSTANCE)
    assert status.Status == 0x0000, status
    if not handlers:
        association.release()
    kind, information = EVENTS.get(timeout=20)
    assert information.TransactionUID == asked.TransactionUID
    if handlers:
        association.release()
    committed = {item.ReferencedSOPInstanceUID for item in information.get("ReferencedSOPSequence", [])}
    failed = {item.ReferencedSOPInstanceUID: item.FailureReason for item in information.get("FailedSOPSequence", [])}
    return kind, committed, failed


stored, kept_back = FILES[:-1], FILES[-1]
association = associate("PYNETDICOM", [(file.SOPClassUID, [file.file_meta.TransferSyntaxUID]) for file in stored])
for file in stored:
    assert association.send_c_store(file).Status == 0x0000
association.release()

everything = {file.SOPInstanceUID for file in stored}
handlers = [(evt.EVT_N_EVENT_REPORT, on_event)]
for syntax in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1"):
    assert ask("PYNETDICOM", stored, syntax, handlers) == (1, everything, {})
    assert ask("PYNETDICOM", FILES, syntax, handlers) == (2, everything, {kept_back.SOPInstanceUID: 0x0112})

# Under another SOP class it is another object that is meant.
misnamed = Dataset()
misnamed.SOPClassUID, misnamed.SOPInstanceUID = kept_back.SOPClassUID, stored[0].SOPInstanceUID
told = ask("PYNETDICOM", [misnamed, *stored[1:]], "1.2.840.10008.1.2.1", handlers)
assert told == (2, everything - {misnamed.SOPInstanceUID}, {misnamed.SOPInstanceUID: 0x0119}), told

# What it asks for beside that is refused.
association = associate("PYNETDICOM", [(COMMITMENT, ["1.2.840.10008.1.2"])])
for action, instance, status in ((2, INSTANCE, 0x0123), (1, "1.2.3", 0x0112)):
    assert association.send_n_action(request(stored), action, COMMITMENT, instance)[0].Status == status
nothing = Dataset()
nothing.TransactionUID = generate_uid()
assert association.send_n_action(nothing, 1, COMMITMENT, INSTANCE)[0].Status == 0x0115
association.release()

# One that hangs up at once is called.
ae = AE(ae_title="PYMOVE")
ae.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
server = ae.start_server(("127.0.0.1", OWN_PORT), block=False, evt_handlers=handlers)
called = ask("PYMOVE", FILES, "1.2.840.10008.1.2.1")
server.shutdown()
assert called == (2, everything, {kept_back.SOPInstanceUID: 0x0112}), called
print(json.dumps({"stored": len(stored), "committed": len(everything), "called": len(called[1])}))
