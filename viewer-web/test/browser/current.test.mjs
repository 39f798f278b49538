/** A record that is open while something of it changes: what leaves it is blanked, what comes is told. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { withPages } from "./world.mjs";

const STUDY = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.1";
const ECHO = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.3";
const { open } = withPages();

let server;
let page;

beforeEach(() => {
  ({ page, server } = open());
});

test("a study that moves to another patient while it is open is blanked, and the record forgets it", async () => {
  const api = (path) => page.evaluate((address) => fetch(address).then((answer) => answer.status), path);
  const uid = STUDY.split("/").at(-1);
  await page.goto(`${server.url}${STUDY}`);
  await page.getByTestId("study-current").waitFor();
  try {
    assert.equal(await api(`/api/move/${uid}`), 200);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByText("This study is not part of this patient’s record").waitFor();
    assert.equal(await page.locator("[data-testid=viewport-0]").count(), 0);
  } finally {
    await api("/api/back/all");
  }
});

test("a prior that leaves the record while another study is open is no longer shown, and that is said", async () => {
  const api = (path) => page.evaluate((address) => fetch(address).then((answer) => answer.status), path);
  await page.goto(`${server.url}${STUDY}`);
  await page.getByTestId("study-prior").first().waitFor();
  const priors = await page.getByTestId("study-prior").count();
  try {
    assert.equal(await api(`/api/move/${ECHO.split("/").at(-1)}`), 200);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.getByText("A study left this patient’s record").waitFor();
    assert.equal(await page.getByTestId("study-prior").count(), priors - 1);
  } finally {
    await api("/api/back/all");
  }
});

test("images that arrive while a study is open are told, and shown when the reader asks for them", async () => {
  const api = (path) => page.evaluate((address) => fetch(address).then((answer) => answer.status), path);
  const asks = (part) => page.waitForRequest((request) => request.url().includes(part));
  await page.goto(`${server.url}${STUDY}`);
  await page.getByTestId("study-current").waitFor();
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  assert.equal(await page.getByText("New images have arrived").count(), 0);
  assert.equal(await api("/api/arrive/one"), 200);
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await page.getByText("New images have arrived in this record.").waitFor();
  await page.getByTestId("study-current").waitFor();
  const series = asks(`/studies/${STUDY.split("/").at(-1)}/series`);
  await page.getByRole("button", { name: "Show them" }).click();
  await series;
  await page.getByText("New images have arrived").waitFor({ state: "detached" });
  await page.getByTestId("study-current").waitFor();
});

test("a report that is held is pending, and until when is told", async () => {
  const api = (path) => page.evaluate((address) => fetch(address).then((answer) => answer.status), path);
  await page.goto(`${server.url}/viewer/patients/pk-wang`);
  const button = page.locator(".timeline .report-button").first();
  const asked = page.waitForRequest((request) => request.url().includes("/api/reports/"));
  await button.click();
  const key = (await asked).url().split("/").at(-1);
  await page.getByTestId("report-text").waitFor();
  await button.click();
  try {
    assert.equal(await api(`/api/hold/${key}`), 200);
    await page.reload();
    await button.click();
    await page.getByText("This report is pending: it is held until").waitFor();
    assert.equal(await page.getByTestId("report-text").count(), 0);
  } finally {
    await api("/api/release/all");
  }
});
