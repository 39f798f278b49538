import { expect, test, vi } from "vitest";
import type { Series } from "../model/study";
import type { ViewportHandle } from "../rendering/engine";
import { applyKey, type Key } from "./image/commands";
import { EMPTY_GRID, firstSeries, stepGrid, visiblePanes } from "./image/panes";
import { languageOf } from "./i18n";
import en from "./locales/en.json";
import fr from "./locales/fr.json";
import { parsePath, pathOf, type Route } from "./router";

/** Every text by its path; plural forms count as one, as French has one more. */
function textsOf(catalogue: object, path = ""): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(catalogue)) {
    const here = path === "" ? key : `${path}.${key}`;
    if (typeof value === "string") texts.set(here.replace(/_(?:one|many|other)$/u, ""), value);
    else for (const entry of textsOf(value as object, here)) texts.set(...entry);
  }
  return texts;
}

const placeholders = (text: string): readonly string[] => [...text.matchAll(/\{\{\s*(\w+)/gu)].map(([, name]) => name ?? "").toSorted();

test("both catalogues have the same keys, the same placeholders, and no empty text", () => {
  const [english, french] = [textsOf(en), textsOf(fr)];
  expect([...french.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  for (const [key, text] of english) {
    expect(text.trim(), key).not.toBe("");
    expect(french.get(key)?.trim(), key).not.toBe("");
    expect(placeholders(french.get(key) ?? ""), key).toEqual(placeholders(text));
  }
});

test("French plurals have all three of their forms", () => {
  const keys = JSON.stringify(fr).match(/"\w+_(?:one|many|other)"/gu) ?? [];
  const forms = new Map<string, number>();
  for (const key of keys) forms.set(key.replace(/_\w+"$/u, ""), (forms.get(key.replace(/_\w+"$/u, "")) ?? 0) + 1);
  expect([...forms.values()].every((count) => count % 3 === 0)).toBe(true);
});

test("a language tag is French or else English", () => {
  expect([languageOf("fr-CA"), languageOf("FR"), languageOf("en-CA"), languageOf("de")]).toEqual(["fr", "fr", "en", "en"]);
});

test.each<[string, Route]>([
  ["/viewer/", { page: "search" }],
  ["/viewer", { page: "search" }],
  ["/viewer/patients/a%2Fb", { page: "patient", patientKey: "a/b" }],
  ["/viewer/patients/a/studies/1.2.3", { page: "image", patientKey: "a", studyInstanceUid: "1.2.3" }],
  ["/viewer/launch/x", { page: "launch", launchId: "x" }],
  ["/admin", { page: "admin" }],
  ["/viewer/patients/a/studies", { page: "unknown" }],
  ["/viewer/%E0%A4%A", { page: "unknown" }],
])("the address %s has its route", (path, route) => {
  expect(parsePath(path)).toEqual(route);
  if (route.page !== "unknown") expect(parsePath(pathOf(route))).toEqual(route);
});

const series = (modality: string, numberOfInstances: number): Series => ({ studyInstanceUid: "1", seriesInstanceUid: `${modality}${numberOfInstances}`, modality, seriesNumber: 1, description: null, numberOfInstances });

test("a study begins with its first proper stack, not with a scout or a document", () => {
  expect(firstSeries([series("SR", 1), series("CT", 2), series("CT", 40)])?.numberOfInstances).toBe(40);
  expect(firstSeries([series("SR", 1), series("DX", 1)])?.modality).toBe("DX");
  expect(firstSeries([series("SR", 1)])?.modality).toBe("SR");
  expect(firstSeries([])).toBeNull();
});

test("one place shows the active one, and a place out of range changes nothing", () => {
  const four = stepGrid(EMPTY_GRID, { kind: "layout", count: 4 });
  const third = stepGrid(four, { kind: "activate", index: 2 });
  expect(visiblePanes(third)).toEqual([0, 1, 2, 3]);
  expect(visiblePanes(stepGrid(third, { kind: "layout", count: 1 }))).toEqual([2]);
  expect(stepGrid(EMPTY_GRID, { kind: "place", index: 9, pane: { kind: "empty" } }).panes).toEqual(EMPTY_GRID.panes);
});

test("keys do what the help says, and leave the browser its own", () => {
  const calls: string[] = [];
  const handle = new Proxy({}, { get: (_, name) => vi.fn((...given: unknown[]) => calls.push(`${String(name)} ${JSON.stringify(given)}`)) }) as ViewportHandle;
  const press = (key: string, more: Partial<Key> = {}): unknown => applyKey({ key, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...more }, handle, "CT");
  expect(press("w")).toEqual({ kind: "tool", tool: "window" });
  expect(press("r", { ctrlKey: true })).toBeNull();
  expect(press("q")).toBeNull();
  press("ArrowDown");
  press("ArrowRight", { shiftKey: true });
  press("ArrowUp", { altKey: true });
  press("2");
  expect(calls).toEqual(["scrollBy [1]", "panBy [12,0]", 'moveLengthEnd ["end",0,-4]', 'setWindow [{"name":"lung","width":1500,"center":-600}]']);
});
