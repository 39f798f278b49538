/** The built pages in a browser, over an invented province and under the real content security policy. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { AdminPage, ImagePage, PatientPage, SearchPage } from "../pages/pages.mjs";
import { violations } from "./axe.mjs";
import { withPages } from "./world.mjs";

const STUDY = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.1";
const ECHO = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.3";
const { open } = withPages();

let server;
let page;
let troubles;

beforeEach(() => {
  ({ page, troubles, server } = open());
});

test("the first view shows the newest studies and says which region is missing", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  assert.equal(await search.rows().count(), 50);
  assert.match(await search.rows().first().innerText(), /2026-01-10[\s\S]*Tremblay, Geneviève[\s\S]*NEODIN/u);
  assert.match(await page.locator(".notice-warning").innerText(), /Greater Toronto Area West does not answer/u);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("Studies 51 to 66.").waitFor();
});

test("a search by name finds accents, and keeps names out of the address and the storage", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  await search.search({ patientName: "genevieve" });
  assert.equal(await search.rows().count(), 4);
  assert.equal(new URL(page.url()).search, "");
  assert.ok(!(await page.title()).includes("Tremblay"));
  assert.deepEqual(await page.evaluate(() => ({ ...localStorage, ...sessionStorage })), {});
});

test("a mistyped health number is refused with a remedy and not sent", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  await page.locator("[name=healthNumber]").fill("1234567890");
  await page.locator("[name=healthNumber]").press("Enter");
  await page.getByText("Ten digits with a valid check digit").waitFor();
  await search.search({ healthNumber: "9876 543 217 AB" });
  assert.equal(await search.rows().count(), 4);
});

test("a search without a match says what to try", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  await search.search({ accession: "NONE" });
  await page.getByText("Try fewer fields").waitFor();
});

test("a row opens the patient's record with studies and reports of all regions", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  await search.openRow(0);
  const patient = new PatientPage(page);
  assert.match(await patient.banner().innerText(), /Tremblay, Geneviève[\s\S]*1970-01-01[\s\S]*9876 543 217 AB[\s\S]*555001/u);
  assert.equal(await patient.entries().count(), 5);
  assert.match(await patient.entries().last().innerText(), /Report without images/u);
  await page.getByText("no report received").waitFor();
  assert.match(await patient.openReport(0), /IMPRESSION: New 9 mm solid nodule/u);
  await page.getByLabel("Version").selectOption("2");
  await page.getByText("A newer one replaces it").waitFor();
  await page.getByLabel("Region", { exact: true }).selectOption("HDIRS");
  assert.equal(await patient.entries().count(), 2);
});

test("the document of a report is shown beneath it, and opens by itself", async () => {
  const search = new SearchPage(page, server.url);
  await search.open();
  await search.openRow(0);
  const patient = new PatientPage(page);
  const buttons = page.locator(".timeline .report-button");
  await patient.openReport((await buttons.count()) - 1);
  const documents = page.getByTestId("report-documents");
  assert.equal(await documents.locator("iframe").count(), 1);
  const address = await documents.getByRole("link").getAttribute("href");
  const answer = await page.request.get(server.url + address);
  assert.deepEqual([answer.status(), answer.headers()["content-type"]], [200, "application/pdf"]);
  await patient.openReport(0);
  assert.equal(await documents.count(), 0);
});

test("images are drawn, scrolled by wheel, keys and slider, and windowed", async () => {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  assert.equal(await images.shown(), 20, "a stack of sections begins in the middle");
  const picture = await images.statistics();
  assert.ok(picture.shades > 20 && picture.deviation > 20, JSON.stringify(picture));
  await images.viewport().hover();
  await page.mouse.wheel(0, 100);
  await images.waitForShown(21);
  await images.viewport().focus();
  await page.keyboard.press("ArrowUp");
  await images.waitForShown(20);
  await page.keyboard.press("End");
  await images.waitForShown(39);
  await page.getByRole("slider").fill("4");
  await images.waitForShown(4);
  assert.equal(await images.window(), "W 400 C 40");
  await images.viewport().focus();
  await page.keyboard.press("2");
  await page.getByText("W 1500 C -600").waitFor();
  await images.drag(0, [0.3, 0.3], [0.5, 0.4]);
  assert.notEqual(await images.window(), "W 1500 C -600");
  await page.keyboard.press("d");
  await page.getByText("W 400 C 40").waitFor();
  assert.match(await page.getByTestId("patient-banner").innerText(), /Tremblay/u);
  assert.match(await page.locator(".edge-left").innerText(), /^R$/u);
});

test("flipping a picture moves its letters, and reset brings them back", async () => {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.viewport().focus();
  await page.keyboard.press("h");
  await page.locator(".edge-left", { hasText: "L" }).waitFor();
  await page.keyboard.press("h");
  await page.keyboard.press("r");
  await page.locator(".edge-top", { hasText: "R" }).waitFor();
  assert.equal(await page.locator(".edge-right").innerText(), "A", "to the right: what was at the top is at the right");
  await page.keyboard.press("h");
  await page.locator(".edge-right", { hasText: "P" }).waitFor();
  assert.equal(await page.locator(".edge-top").innerText(), "R", "along the screen, though the picture is turned");
  await page.keyboard.press("v");
  await page.locator(".edge-top", { hasText: "L" }).waitFor();
  await page.keyboard.press("0");
  await page.locator(".edge-left", { hasText: "R" }).waitFor();
});

test("a length is measured in millimetres by mouse and by keyboard", async () => {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.viewport().focus();
  await page.keyboard.press("l");
  await images.drag(0, [0.4, 0.5], [0.6, 0.5]);
  await page.locator(".viewport svg text", { hasText: / mm$/u }).first().waitFor();
  await page.keyboard.press("Delete");
  await page.locator(".viewport svg text", { hasText: / mm$/u }).waitFor({ state: "detached" });
  await images.viewport().focus();
  await page.keyboard.press("m");
  const line = page.locator(".viewport svg text", { hasText: / mm$/u }).first();
  await line.waitFor();
  const old = await line.innerHTML();
  await page.keyboard.press("Alt+ArrowRight");
  await page.waitForFunction((was) => document.querySelector(".viewport svg text")?.innerHTML !== was, old);
});

test("an image that fails is told as such and never covered by another", async () => {
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.openSeries("LUNG");
  await images.waitForShown(8);
  await page.getByRole("slider").fill("3");
  await page.getByText("Image 4 could not be loaded").waitFor();
  const picture = await images.statistics();
  assert.ok(picture.mean < 40, `nothing of the last image may be seen: ${JSON.stringify(picture)}`);
  await images.viewport().focus();
  await page.keyboard.press("ArrowDown");
  await images.waitForShown(4);
  assert.deepEqual(said.filter((it) => !it.startsWith("Failed to load resource")), [], "the console names no image");
});

test("four places hold four series, and one can be dragged into another place", async () => {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  await page.getByRole("radio", { name: "Four images" }).click();
  for (const at of [0, 1, 2]) await images.waitForImage(at);
  await page.getByTestId("study-prior").first().click();
  await page.getByTestId("series").filter({ hasText: "AXIAL 3.0" }).dragTo(page.locator(".pane").nth(3));
  await images.waitForImage(3);
  assert.match(await page.locator(".pane").nth(3).innerText(), /Prior 2023-09-20[\s\S]*Lossy 12:1/u);
  await page.getByText("RÉSULTATS").waitFor(); // the report follows the active place
});

test("documents are shown without rights of their own, and what cannot be shown says so", async () => {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  const title = await page.title();
  await images.openSeries("Radiation dose report");
  const frame = page.frameLocator("iframe.document-frame");
  await frame.getByText("Total DLP 312 mGy.cm").waitFor();
  assert.equal(await page.title(), title);
  await images.openSeries("Requisition");
  await page.getByText("Open the document in a new tab").waitFor();
  await images.openSeries("Presentation state");
  await page.getByText("does not show PR objects").waitFor();
  await images.openSeries("SOFT TISSUE");
  await images.waitForImage();
  troubles.splice(0, troubles.length, ...troubles.filter((it) => !it.includes("sandboxed"))); // the browser tells that it stopped the document's script
});

test("a moving picture plays, and a palette picture has its colours", async () => {
  await page.goto(server.url + ECHO);
  const images = new ImagePage(page);
  await images.waitForImage();
  await page.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => Number(document.querySelector("[data-testid=viewport-0]")?.getAttribute("data-shown")) > 3);
  await page.getByRole("button", { name: "Pause" }).click();
  await images.openSeries("Colour map");
  await images.waitForShown(0);
  await page.waitForTimeout(100);
  const picture = await images.statistics();
  assert.ok(picture.coloured > 0.3, JSON.stringify(picture));
});

test("a launch opens its study, its patient, or asks by facility and date only", async () => {
  await page.goto(`${server.url}/viewer/launch/study`);
  await new ImagePage(page).waitForImage();
  assert.ok(page.url().endsWith(STUDY));
  await page.goto(`${server.url}/viewer/launch/patient`);
  await page.waitForSelector(".timeline");
  await page.goto(`${server.url}/viewer/launch/choose`);
  const choices = await page.locator(".choices").innerText();
  assert.match(choices, /Hôpital régional de démonstration\s+2026-01-10/u);
  assert.doesNotMatch(choices, /Tremblay|Wang/u);
  await page.goto(`${server.url}/viewer/launch/over`);
  await page.getByText("Nothing was found here").waitFor();
});

test("an administrator tests and registers a repository and sees it index", async () => {
  const admin = new AdminPage(page, server.url);
  await admin.open();
  await page.getByRole("button", { name: "Register a repository" }).click();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("This is needed.").first().waitFor();
  await page.locator("[name=code]").fill("peer");
  await page.locator("[name=name]").fill("Peer registry");
  await page.locator("[name=url]").fill("ftp://nowhere");
  await page.locator("form").getByRole("button", { name: "Test", exact: true }).click();
  await page.getByText("the address probably lacks its last part").waitFor();
  for (const protocol of ["dimse", "archive", "push", "dicomweb"]) await page.locator("[name=protocol]").selectOption(protocol);
  await page.locator("[name=url]").fill("http://127.0.0.1:9/dicom-web");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  const card = admin.repository("Peer registry");
  await card.getByText("indexing", { exact: true }).waitFor();
  const first = await card.locator(".repository-progress .number").innerText();
  await page.waitForFunction((old) => [...document.querySelectorAll(".repository")].at(-1)?.querySelector(".repository-progress .number")?.textContent !== old, first);
  await card.getByRole("button", { name: "Pause" }).click();
  await card.getByText("paused", { exact: true }).waitFor();
  await card.getByRole("button", { name: "Index anew" }).click();
  await card.getByText("about 2 min left").waitFor();
  await card.getByRole("button", { name: "Comparisons" }).click();
  await card.getByText("It was not compared with its own list yet.").waitFor();
  await card.getByRole("button", { name: "Compare", exact: true }).click();
  await card.getByText("It is being compared").waitFor();
  await card.getByRole("button", { name: "Comparisons" }).click();
  await card.getByText("1 were not registered, 2 are no longer at the repository").waitFor();
  await card.getByRole("button", { name: "Remove…" }).click();
  assert.ok(await card.getByRole("button", { name: "Remove it" }).isDisabled());
  await card.locator("[name=confirmation]").fill("peer");
  await card.getByRole("button", { name: "Remove it" }).click();
  await card.waitFor({ state: "detached" });
});

test("a report of several studies is at each of them and says how many it covers", async () => {
  await page.goto(`${server.url}/viewer/patients/pk-wang`);
  await page.locator(".timeline .report-button").nth(1).waitFor();
  assert.equal(await page.locator(".timeline .report-button").count(), 2);
  await page.locator(".timeline .report-button").first().click();
  await page.getByText("covers 2 studies", { exact: true }).waitFor();
});

test("what contradicts itself is told in words, and dismissed only with a reason", async () => {
  await page.goto(`${server.url}/viewer/patients/pk-tremblay`);
  await page.locator(".timeline").getByText("copies differ", { exact: true }).waitFor();
  await page.getByRole("link", { name: "CHEST PA AND LATERAL" }).click();
  await page.getByText("Copies of 1 image of this study differ.").waitFor();
  await page.goto(`${server.url}/admin`);
  await page.getByTestId("conflict-study").getByText("Security alert").waitFor();
  const entry = page.getByTestId("conflict-instance");
  await entry.getByText("Shown is the copy of neodin; kept beside it is one of hdirs.").waitFor();
  await page.getByTestId("conflict-report").getByText("which another facility gave").waitFor();
  const dismiss = entry.getByRole("button", { name: "Dismiss" });
  assert.ok(await dismiss.isDisabled());
  await entry.getByRole("textbox").fill("a test image");
  await dismiss.click();
  await entry.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show what was dismissed" }).click();
  await entry.getByText("a test image").waitFor();
  await entry.getByRole("button", { name: "List it again" }).click();
  await entry.waitFor({ state: "detached" });
});

test("everything from search to report is possible by keyboard alone", async () => {
  await page.goto(`${server.url}/viewer/`);
  await page.waitForSelector("[data-testid=result-count]");
  await page.locator("[name=patientName]").focus();
  await page.keyboard.type("genevieve");
  await page.keyboard.press("Enter");
  await page.getByText("Studies 1 to 4.").waitFor();
  await tabTo(page, "[role=row]");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".timeline");
  await tabTo(page, ".entry-link");
  await page.keyboard.press("Enter");
  const images = new ImagePage(page);
  await images.waitForImage();
  await tabTo(page, "[data-testid=viewport-0]");
  await page.keyboard.press("ArrowDown");
  await images.waitForShown(21);
  await page.keyboard.press("3");
  await page.getByText("W 2000 C 500").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

async function tabTo(on, selector) {
  for (let step = 0; step < 60; step += 1) {
    await on.keyboard.press("Tab");
    if (await on.evaluate((it) => document.activeElement?.matches(it) === true, selector)) return;
  }
  assert.fail(`${selector} is not reached by the Tab key`);
}

for (const language of ["en", "fr"]) {
  test(`no page breaks WCAG 2.1 AA (${language})`, async () => {
    const check = async (where) => assert.deepEqual(await violations(page), [], where);
    await page.goto(`${server.url}/viewer/`);
    await page.waitForSelector("[data-testid=result-count]");
    if (language === "fr") {
      await page.getByRole("button", { name: "Français" }).click();
      await page.getByText("Derniers examens.").waitFor();
    }
    assert.equal(await page.getAttribute("html", "lang"), language);
    await check("search");
    await page.goto(`${server.url}/viewer/patients/pk-tremblay`);
    await page.locator(".timeline .report-button").first().click();
    await page.getByTestId("report-text").waitFor();
    await check("patient");
    await page.goto(server.url + STUDY);
    await new ImagePage(page).waitForImage();
    await page.getByRole("radio", { name: language === "fr" ? "Quatre images" : "Four images" }).click();
    await new ImagePage(page).waitForImage(2);
    await check("images");
    await page.keyboard.press("Escape");
    await new ImagePage(page).viewport().focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await check("help");
    await page.goto(`${server.url}/viewer/launch/choose`);
    await page.waitForSelector(".choices");
    await check("launch");
    await page.goto(`${server.url}/admin`);
    await page.waitForSelector(".repository");
    await page.locator(".page-head button").click();
    await check("administration");
    if (language === "fr") await page.getByRole("button", { name: "English" }).click();
    await page.evaluate(() => localStorage.clear());
  });
}

test("who opened something is listed for the administrator, and whether it stood under another patient", async () => {
  const admin = new AdminPage(page, server.url);
  await admin.open();
  await page.locator("[name=readers-key]").fill("1.2.826.0.1.3680043.10.999.1");
  await page.locator("[name=readers-key]").press("Enter");
  const rows = page.getByTestId("readers").locator("tbody tr");
  await rows.nth(1).waitFor();
  assert.match(await rows.first().innerText(), /dr\.example[\s\S]*0001[\s\S]*images[\s\S]*another patient than now/u);
  assert.match(await rows.nth(1).innerText(), /opened version 2 since/u);
  assert.equal(new URL(page.url()).search, "");
  assert.deepEqual(await violations(page), []);
});
