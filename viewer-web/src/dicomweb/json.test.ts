import { expect, test } from "vitest";
import { items, number, numbers, parseDataSet, personName, text, texts } from "./json";

test("an attribute without a value is left out, in sequences too", () => {
  const set = parseDataSet({
    "00200032": { vr: "DS", Value: [] },
    "00080050": { vr: "SH", Value: [null] },
    "00080090": { vr: "PN" },
    "52009229": { vr: "SQ", Value: [{ "00289110": { vr: "SQ", Value: [{ "00280030": { vr: "DS", Value: [] }, "00180050": { vr: "DS", Value: [2] } }] } }] },
  });
  expect(Object.keys(set)).toEqual(["52009229"]);
  const [measures] = items(items(set, "52009229")[0] ?? {}, "00289110");
  expect(Object.keys(measures ?? {})).toEqual(["00180050"]);
});

test("what is no attribute is ignored rather than believed", () => {
  expect(parseDataSet({ name: "x", "0010001": { vr: "PN" }, "00100010": 5 })).toEqual({});
  expect(parseDataSet("x")).toEqual({});
});

test("numbers may come as text, and a broken vector is no vector", () => {
  const set = parseDataSet({ "00280030": { vr: "DS", Value: ["0.5 ", 0.25] }, "00200032": { vr: "DS", Value: [1, "x", 3] } });
  expect(numbers(set, "00280030")).toEqual([0.5, 0.25]);
  expect(numbers(set, "00200032")).toEqual([]);
  expect(number(set, "00200032")).toBeNull();
});

test("text is trimmed and a name keeps its groups", () => {
  const set = parseDataSet({ "00080061": { vr: "CS", Value: ["CT ", "", "SR"] }, "00100010": { vr: "PN", Value: [{ Alphabetic: "Wang^XiaoDong ", Ideographic: "王^小東" }] } });
  expect(texts(set, "00080061")).toEqual(["CT", "SR"]);
  expect(text(set, "00080060")).toBeNull();
  expect(personName(set, "00100010")).toEqual({ alphabetic: "Wang^XiaoDong", ideographic: "王^小東", phonetic: null });
});
