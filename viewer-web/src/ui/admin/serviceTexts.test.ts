import { expect, test } from "vitest";
import { changedDefinition, formOf, missingInChange } from "../../model/repository";
import { frenchKindOf } from "./serviceTexts";

test.each([
  ["repository neodin is unavailable: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)", /refusée/u],
  ["port 104 is closed: check the port, and that the server runs", /refusée/u],
  ["repository neodin is unavailable: no answer within 30 s", /à temps/u],
  ["repository neodin is unavailable: the server: status 503 Service Unavailable", /en panne/u],
  ["repository neodin refused: status 401 Unauthorized: our credentials are missing or not accepted", /identifiants d’accès manquent/u],
  ["repository neodin refused: status 403 Forbidden: our credentials may not do this", /pas le droit/u],
  ["repository swodin refused: C-MOVE: A801H: register our AE title with host and port as a move destination there", /C-MOVE/u],
  ["repository swodin refused: calling AE title not recognised: register our AE title at the repository", /titre AE/u],
  ["nobody we trust has signed the server's certificate: give the authority's certificate as tls.ca (UnknownIssuer)", /TLS/u],
  ["the name pacs.example has no address: check its spelling and the DNS of this machine", /pas d’adresse/u],
  ["repository gtaw is unavailable: its folder or bucket is not there: check that it is mounted or reachable", /n’est pas là/u],
  ["repository gtaw broke PS3.18 §8.6", /enfreint/u],
  ["repository gtaw tells of less than it has: a list ends at 10000 matches", /partie de sa liste/u],
  ["repository gtaw is unavailable: something new", /n’est pas joignable/u],
])("the trouble “%s” has its kind in French", (text, kind) => {
  expect(frenchKindOf(text)).toMatch(kind);
});

test("what nobody has named stays in the service's words", () => {
  expect(frenchKindOf("something else")).toBeNull();
});

test("a changed repository keeps what the form does not know: credentials, certificates, limits", () => {
  const definition = { code: "swodin", name: "SWODIN", region: "SWODIN", protocol: "dimse", patientIdIssuer: "SW", concurrency: 2, dimse: { host: "old", port: 104, aeTitle: "SW", retrieve: "get", tls: true, mostMatches: 500 }, hl7: { sendingFacility: "SW" } };
  const form = { ...formOf(definition), name: "Other operator", host: "new.example", port: "11112" };
  expect(changedDefinition(definition, form)).toEqual({ ...definition, name: "Other operator", dimse: { ...definition.dimse, host: "new.example", port: 11_112 } });
  const push = { code: "h", name: "H", region: "R", protocol: "push", push: { callingAeTitles: ["A", "B"] } };
  expect(changedDefinition(push, formOf(push))).toEqual(push);
  expect(missingInChange({ ...form, region: " ", host: "" })).toEqual(["region", "host"]);
});
