"""Sends messages with the Python library hl7, made and encoded by it, and prints what the service acknowledged, as JSON.

    hl7_sender.py PORT
"""

import json
import sys

import hl7
from hl7.client import MLLPClient

JANE = "PID|1||100^^^NORTH^MR||DOE^JANE||19700101|F"
DOUBLE = "PID|1||200^^^NORTH^MR||DOE^J||19710101|F"


def message(kind, control_id, segments, character_set="UNICODE UTF-8", facility="0001"):
    """A message as the library parses it and writes it again."""
    header = f"MSH|^~\\&|HIS|{facility}|DICS|ON|20260110093000-0500||{kind}|{control_id}|P|2.5|||||CAN|{character_set}"
    return hl7.parse("\r".join([header, *segments]))


def report(control_id, patient, filler, words, **how):
    """A report in several lines: OBX-5 repeats, and has what must be escaped. Letters beyond ASCII go as they are."""
    order = f"OBR|1||{filler}|CT^CT HEAD||||||||||||||ACC{filler}|||||||F"
    escape = hl7.parse("MSH|^~\\&|\r").escape
    escaped = ["".join(letter if letter > "~" else escape(letter) for letter in line) for line in words]
    return message("ORU^R01^ORU_R01", control_id, [patient, order, f"OBX|1|TX|R||{'~'.join(escaped)}||||||F"], **how)


def main(port):
    """Each step is told by its name."""
    told = {}

    def send(step, text, encoding="utf-8"):
        with MLLPClient("127.0.0.1", port, encoding=encoding) as client:
            answer = hl7.parse(client.send_message(text).strip(b"\x0b\x1c\r").decode())
        told[step] = [str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2])]

    words = ["Foie normal & rate < 12 cm.", "Œdème: présent ^ suivi | rappel"]
    send("report", report("L1", JANE, "F1", words))
    send("repeated", report("L1", JANE, "F1", words))
    send("reused", report("L1", JANE, "F9", ["Something else."]))
    send("latin", report("L2", DOUBLE, "F2", ["Élargissement du ventricule"], character_set="8859/1"), "latin-1")
    send("stranger", report("L3", JANE, "F3", ["No."], facility="9999"))
    send("merge", message("ADT^A40^ADT_A39", "L4", ["EVN||20260110094000-0500", JANE, "MRG|200^^^NORTH^MR"]))
    with MLLPClient("127.0.0.1", port) as client:
        answers = [client.send_message(report(f"L5{n}", JANE, f"G{n}", [f"Report {n}"])) for n in range(20)]
    told["connection"] = sum(b"|AA|" in answer for answer in answers)
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
