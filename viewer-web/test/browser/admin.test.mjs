/** What administrators read and change of a registered repository. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminPage } from "../pages/pages.mjs";
import { violations } from "./axe.mjs";
import { withPages } from "./world.mjs";

const REPORT = "r-1";
const { SHOTS, open } = withPages();

test("another operator, region or address is given to a repository, and the rest of its definition stays", async () => {
  const { page, server } = open();
  const admin = new AdminPage(page, server.url);
  await admin.open();
  const card = page.locator(".repository").filter({ hasText: "swodin · dimse" });
  await card.getByRole("button", { name: "Change…" }).click();
  const form = page.getByRole("form", { name: "Change SWODIN" });
  assert.equal(await form.locator("[name=host]").inputValue(), "pacs.swodin.example");
  assert.equal(await form.locator("[name=port]").inputValue(), "104");
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/change.png`, fullPage: true });
  assert.deepEqual(await violations(page), []);
  await form.locator("[name=host]").fill("");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByText("This is needed.").waitFor();
  await form.locator("[name=host]").fill("pacs.new.example");
  await form.locator("[name=name]").fill("New operator");
  await form.getByRole("button", { name: "Test", exact: true }).click();
  await form.getByTestId("test-steps").waitFor();
  const sent = page.waitForRequest((request) => request.method() === "PUT");
  await form.getByRole("button", { name: "Save" }).click();
  assert.deepEqual((await sent).postDataJSON(), { code: "swodin", name: "New operator", region: "SWODIN", protocol: "dimse", patientIdIssuer: "SWODIN", dimse: { host: "pacs.new.example", port: 104, aeTitle: "SWODIN", retrieve: "get", tls: true } });
  await card.getByText("The repository was changed").waitFor();
  await card.getByText("New operator").waitFor();
});

test("a changed region that no other repository has is told with those that are known", async () => {
  const { page, server } = open();
  const admin = new AdminPage(page, server.url);
  await admin.open();
  const card = page.locator(".repository").filter({ hasText: "neodin · dicomweb" });
  await card.getByRole("button", { name: "Change…" }).click();
  const form = page.getByRole("form", { name: "Change NEODIN" });
  await form.locator("[name=url]").fill("https://pacs.neodin.example/dicom-web");
  await form.locator("[name=region]").fill("NEODNI");
  await form.getByRole("button", { name: "Save" }).click();
  await card.getByText("No other repository is of region NEODNI: is it new, or one of SWODIN").waitFor();
  assert.deepEqual(await violations(page), []);
});

test("held reports are listed with who, since when and why; by keyboard one is released and another is held", async () => {
  const { page, server } = open();
  const admin = new AdminPage(page, server.url);
  await admin.open();
  const section = page.getByRole("region", { name: "Held reports" });
  const entry = section.getByTestId("held-report");
  assert.match(await entry.innerText(), /r-embargo.*2026-02-01[\s\S]*2026-01-10.*operator.*an incident is looked into/u);
  assert.deepEqual(await violations(page), []);
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/held.png`, fullPage: true });
  const release = entry.getByRole("button", { name: "Release now: r-embargo" });
  assert.equal(await release.isDisabled(), true);
  await entry.locator("[name=reason]").fill("the incident is closed");
  await page.keyboard.press("Tab");
  const released = page.waitForRequest((request) => request.url().endsWith("/reports/r-embargo/release"));
  await page.keyboard.press("Enter");
  assert.deepEqual((await released).postDataJSON(), { reason: "the incident is closed" });
  await section.getByText("No report is held.").waitFor();

  const form = section.getByRole("form", { name: "Hold a report" });
  await form.locator("[name=held-report]").fill("nobody");
  await form.locator("[name=held-until]").fill("2026-03-01");
  await form.locator("[name=held-reason]").fill("asked for by the author");
  await page.keyboard.press("Enter");
  await form.getByText("No report of this key is known.").waitFor();
  await form.locator("[name=held-report]").fill(REPORT);
  const held = page.waitForRequest((request) => request.method() === "PUT" && request.url().endsWith(`/reports/${REPORT}/hold`));
  await page.keyboard.press("Enter");
  assert.deepEqual((await held).postDataJSON(), { until: "2026-03-01", reason: "asked for by the author" });
  await entry.filter({ hasText: REPORT }).waitFor();
});

test("held reports are told in French", async () => {
  const { page, server } = open();
  await page.addInitScript(() => localStorage.setItem("dics.language", "fr"));
  await new AdminPage(page, server.url).open();
  await page.getByRole("heading", { name: "Rapports retenus" }).waitFor();
  await page.getByTestId("held-report").getByText("est retenu jusqu’au").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => localStorage.clear());
});

test("what ails a repository is said in French, and the service's own words are marked as English", async () => {
  const { page, server } = open();
  await page.addInitScript(() => localStorage.setItem("dics.language", "fr"));
  const admin = new AdminPage(page, server.url);
  await admin.open();
  const card = admin.repository("GTA West");
  await card.getByText("Le service n’a pas le droit de lire le dossier ou le compartiment.").waitFor();
  assert.match(await card.locator(".repository-error [lang=en]").innerText(), /permission denied/u);
  await card.getByRole("button", { name: "Modifier…" }).click();
  await page.getByRole("form", { name: "Modifier GTA West" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.evaluate(() => localStorage.clear());
});
