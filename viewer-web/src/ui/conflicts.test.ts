import { expect, test } from "vitest";
import { conflictWords } from "./admin/conflictWords";
import { dismissConflict, searchConflicts } from "../service/conflicts";

const signal = new AbortController().signal;

test("a conflict needs its key, and what is not known of it is told as unknown", async () => {
  const body = [{ key: "visit-1", kind: "visit", leftBehind: { studies: ["1.2"], reports: [] } }, { key: "x", kind: "novel", severity: "alert", why: "odd" }, { key: "message-1", kind: "message", repository: "north", controlId: "E1", messages: 2 }];
  const http = { fetch: () => Promise.resolve(new Response(JSON.stringify(body))) };
  const [visit, other, message] = await searchConflicts(http, false, signal);
  expect(visit).toMatchObject({ kind: "visit", alert: false, studies: ["1.2"], dismissal: null });
  expect(other).toMatchObject({ kind: "unknown", alert: true, why: "unknown", patients: [] });
  expect(message).toMatchObject({ kind: "message", repository: "north", controlId: "E1", messages: 2 });
});

test("a dismissal names the conflict in its address and the reason in its body", async () => {
  const asked: (readonly [unknown, RequestInit | undefined])[] = [];
  const http = {
    fetch: (address: unknown, init?: RequestInit) => {
      asked.push([address, init]);
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  };
  await dismissConflict(http, "study-1.2", "both are phantoms", signal);
  expect(asked[0]?.[0]).toBe("/api/admin/conflicts/study-1.2/dismissal");
  expect(asked[0]?.[1]).toMatchObject({ method: "PUT", body: JSON.stringify({ reason: "both are phantoms" }) });
});

test("every contradiction has its words in both languages", () => {
  const [en, fr] = [conflictWords("en"), conflictWords("fr")];
  const texts = (words: object): string[] => Object.values(words).flatMap((it) => (typeof it === "string" ? [it] : texts(it as object)));
  expect(texts(fr).length).toBe(texts(en).length);
  expect([...texts(en), ...texts(fr)].every((text) => text.trim() !== "")).toBe(true);
});
