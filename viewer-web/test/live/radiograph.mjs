/** A large radiograph of nobody, as a Part 10 file (PS3.10 §7) in Explicit VR Little Endian, for a service that has none. */
import { randomInt } from "node:crypto";
import { radiograph } from "../server/pictures.mjs";

const COLUMNS = 2084;
const ROWS = 2500;
const DX = "1.2.840.10008.5.1.4.1.1.1.1";
const LONG = new Set(["OB", "OW", "SQ", "UN", "UT"]);

function element(tag, vr, value) {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const padding = Buffer.alloc(bytes.length % 2, vr === "UI" || vr === "OB" ? 0 : 32);
  const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xff_ff, 2);
  head.write(vr, 4, "latin1");
  if (LONG.has(vr)) head.writeUInt32LE(bytes.length + padding.length, 8);
  else head.writeUInt16LE(bytes.length + padding.length, 6);
  return Buffer.concat([head, bytes, padding]);
}

function short(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** Stores one, by STOW-RS (PS3.18 §10.5), and gives its StudyInstanceUID. */
export async function storeRadiograph(base) {
  const study = `1.2.826.0.1.3680043.10.999.9.${randomInt(2 ** 40)}`;
  const instance = `${study}.1.1`;
  const meta = Buffer.concat([element(0x0002_0001, "OB", Buffer.from([0, 1])), element(0x0002_0002, "UI", DX), element(0x0002_0003, "UI", instance), element(0x0002_0010, "UI", "1.2.840.10008.1.2.1"), element(0x0002_0012, "UI", "1.2.826.0.1.3680043.10.999")]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const texts = [
    [0x0008_0016, "UI", DX], [0x0008_0018, "UI", instance], [0x0008_0020, "DA", "20260110"], [0x0008_0030, "TM", "083000"], [0x0008_0050, "SH", "LARGE"], [0x0008_0060, "CS", "DX"], [0x0008_1030, "LO", "CHEST PA LARGE"],
    [0x0010_0010, "PN", "Large^Radiograph"], [0x0010_0020, "LO", "LARGE-1"], [0x0010_0030, "DA", "19700101"], [0x0010_0040, "CS", "O"],
    [0x0018_1164, "DS", "0.168\\0.168"], [0x0020_000d, "UI", study], [0x0020_000e, "UI", `${study}.1`], [0x0020_0011, "IS", "1"], [0x0020_0013, "IS", "1"], [0x0020_0020, "CS", "L\\F"],
  ];
  const shorts = [[0x0028_0010, ROWS], [0x0028_0011, COLUMNS], [0x0028_0100, 16], [0x0028_0101, 12], [0x0028_0102, 11], [0x0028_0103, 0]];
  const data = [
    ...texts.map(([tag, vr, text]) => element(tag, vr, text)),
    element(0x0028_0002, "US", short(1)),
    element(0x0028_0004, "CS", "MONOCHROME2"),
    ...shorts.map(([tag, value]) => element(tag, "US", short(value))),
    element(0x0028_1050, "DS", "2048"),
    element(0x0028_1051, "DS", "3600"),
    element(0x7fe0_0010, "OW", radiograph(COLUMNS, ROWS, 24)),
  ];
  const file = Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), element(0x0002_0000, "UL", length), meta, ...data]);
  const body = Buffer.concat([Buffer.from("--part\r\ncontent-type: application/dicom\r\n\r\n"), file, Buffer.from("\r\n--part--\r\n")]);
  const answer = await fetch(`${base}/dicom-web/studies`, { method: "POST", headers: { "content-type": 'multipart/related; type="application/dicom"; boundary=part', accept: "application/dicom+json" }, body });
  if (answer.status !== 200) throw new Error(`the radiograph was not stored: ${answer.status} ${await answer.text()}`);
  return study;
}
