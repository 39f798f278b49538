/** The same pages against a live service: DICS_URL says where, SHOTS_DIR where pictures of the pages go. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { violations } from "../browser/axe.mjs";
import { openPage, startBrowser } from "../browser/browser.mjs";
import { storeRadiograph } from "./radiograph.mjs";
import { AdminPage, ImagePage, PatientPage, SearchPage } from "../pages/pages.mjs";

const URL_BASE = process.env.DICS_URL?.replace(/\/$/u, "");
const SHOTS = process.env.SHOTS_DIR;
/** Where a study of sections is found first; a service's own sample may name another. */
const MODALITY = process.env.DICS_MODALITY ?? "CT";
/** Reports may still be on their way when a demonstration has just begun. */
const REPORT_ATTEMPTS = 30;

let browser;
let page;
let troubles;
let opened;

before(async () => {
  assert.ok(URL_BASE !== undefined, "DICS_URL names the service");
  if (SHOTS !== undefined) await mkdir(SHOTS, { recursive: true });
  browser = await startBrowser();
  ({ page, troubles } = await openPage(browser.context, URL_BASE));
});
after(async () => {
  await browser?.close();
});

const shot = async (name) => {
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${name}.png` });
};

async function json(path) {
  const answer = await fetch(URL_BASE + path, { headers: { accept: "application/dicom+json, application/json" } });
  return answer.status === 200 ? answer.json() : [];
}

/** A study of the service that begins with a radiograph of two megapixels or more. */
async function largeStudy() {
  for (const modality of ["DX", "CR", "MG"]) {
    for (const row of await json(`/dicom-web/studies?ModalitiesInStudy=${modality}&limit=100`)) {
      const study = row["0020000D"].Value[0];
      const [series] = await json(`/dicom-web/studies/${study}/series`);
      const [first] = await json(`/dicom-web/studies/${study}/series/${series["0020000E"].Value[0]}/metadata`);
      if (first["00280010"].Value[0] * first["00280011"].Value[0] >= 2_000_000) return study;
    }
  }
  return null;
}

/** The first answer of `load` that `good` accepts, asked for again each second. */
async function eventually(load, good, what) {
  for (let attempt = 0; attempt < REPORT_ATTEMPTS; attempt += 1) {
    const value = await load();
    if (good(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return assert.fail(what);
}

test("the first view lists studies", async () => {
  const search = new SearchPage(page, URL_BASE);
  await search.open();
  await shot("live-search");
  await eventually(
    async () => {
      await search.search({});
      return search.rows().count();
    },
    (count) => count > 0,
    "studies are listed",
  );
  assert.deepEqual(await violations(page), []);
});

test("a search leads to a patient, a study, and a picture that is not blank", async () => {
  const search = new SearchPage(page, URL_BASE);
  await search.search({ modality: MODALITY });
  assert.ok((await search.rows().count()) > 0, `a ${MODALITY} study is found`);
  await shot("live-search-modality");
  await search.openRow(0);
  const patient = new PatientPage(page);
  assert.ok((await patient.banner().innerText()).length > 5);
  await shot("live-patient");
  assert.deepEqual(await violations(page), []);
  const wanted = page.locator(".timeline .entry-study").filter({ hasText: MODALITY }).first();
  await wanted.locator(".entry-link").click();
  await page.waitForURL(/\/studies\//u);
  opened = new URL(page.url()).pathname;
  const images = new ImagePage(page);
  const started = Date.now();
  await images.waitForImage();
  console.log(`first picture after ${Date.now() - started} ms`);
  const picture = await images.statistics();
  console.log(`grey values: mean ${picture.mean.toFixed(1)}, deviation ${picture.deviation.toFixed(1)}, ${picture.shades} shades`);
  assert.ok(picture.shades > 8 && picture.deviation > 3, "the picture is not blank");
  await shot("live-image");
  assert.deepEqual(await violations(page), []);
});

test("the stack scrolls and its window changes", async () => {
  const images = new ImagePage(page);
  await images.viewport().focus();
  await page.keyboard.press("Home");
  await images.waitForShown(0);
  const window = await images.window();
  await images.drag(0, [0.4, 0.4], [0.6, 0.6]);
  assert.notEqual(await images.window(), window);
  await page.keyboard.press("d");
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector("[data-testid=viewport-0]")?.getAttribute("data-status") !== "loading");
  await shot("live-last-image");
});

test("the address of a study can be opened by itself", async () => {
  await page.goto(URL_BASE + opened);
  await new ImagePage(page).waitForImage();
});

test("a large radiograph appears from its first 64 KiB, and then without loss", async () => {
  const study = process.env.DICS_STORE === "1" ? await storeRadiograph(URL_BASE) : await largeStudy();
  assert.ok(study !== null, "the service has a large radiograph; one is stored for the test with DICS_STORE=1");
  const { patientKey } = await json(`/api/studies/${study}`);
  const parts = [];
  const onResponse = (response) => {
    if (response.url().endsWith("/frames/1")) parts.push([response.status(), response.headers()["content-range"] ?? "", Number(response.headers()["content-length"])]);
  };
  page.on("response", onResponse);
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 20, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 });
  const started = Date.now();
  await page.goto(`${URL_BASE}/viewer/patients/${encodeURIComponent(patientKey)}/studies/${study}`);
  await page.waitForSelector("[data-testid=viewport-0][data-quality=preview]", { timeout: 30_000 });
  const preview = Date.now() - started;
  assert.deepEqual(parts.map(([status, , bytes]) => [status, bytes])[0], [206, 65_536], JSON.stringify(parts));
  await page.getByText("PREVIEW – not for diagnosis").waitFor();
  const picture = await new ImagePage(page).statistics();
  assert.ok(picture.shades > 8 && picture.deviation > 3, JSON.stringify(picture));
  await shot("live-large-preview");
  await page.waitForSelector("[data-testid=viewport-0][data-quality=full]", { timeout: 60_000 });
  console.log(`a large radiograph: preview after ${preview} ms and 65536 bytes, without loss after ${Date.now() - started} ms and ${parts[0][1].split("/")[1]} bytes, at 10 Mbit/s and 20 ms`);
  assert.equal(await page.getByText("PREVIEW – not for diagnosis").count(), 0);
  await shot("live-large-full");
  await network.detach();
  page.off("response", onResponse);
});

test("a report is read", async () => {
  const reported = await eventually(
    () =>
      page.evaluate(async () => {
        const rows = await (await fetch("/dicom-web/studies?limit=50&includefield=0020000D", { headers: { accept: "application/dicom+json" } })).json();
        for (const row of rows) {
          const found = await (await fetch(`/api/studies/${row["0020000D"].Value[0]}`)).json();
          const record = await (await fetch(`/api/patients/${found.patientKey}`)).json();
          if (record.reports?.length > 0) return found.patientKey;
        }
        return null;
      }),
    (key) => key !== null,
    "some patient has a report",
  );
  await page.goto(`${URL_BASE}/viewer/patients/${encodeURIComponent(reported)}`);
  await page.waitForSelector(".timeline");
  const text = await new PatientPage(page).openReport(0);
  assert.ok(text.trim().length > 10, "the report has a text");
  await shot("live-report");
});

test("a launch by study opens its images", async () => {
  const study = decodeURIComponent(opened.split("/").at(-1));
  await page.goto(`${URL_BASE}/IHEInvokeImageDisplay?requestType=STUDY&studyUID=${study}`);
  await new ImagePage(page).waitForImage();
  assert.equal(new URL(page.url()).pathname, opened);
  assert.ok(!page.url().includes("studyUID="), "the launch's parameters are gone");
});

test("the administrators' page shows the repositories", async () => {
  const admin = new AdminPage(page, URL_BASE);
  await admin.open();
  await page.waitForSelector(".repository");
  await shot("live-admin");
  assert.deepEqual(await violations(page), []);
});

test("the pages speak French", async () => {
  await page.getByRole("button", { name: "Français" }).click();
  await page.waitForSelector("html[lang=fr]");
  await page.goto(URL_BASE + opened);
  await new ImagePage(page).waitForImage();
  await shot("live-image-fr");
  assert.deepEqual(await violations(page), []);
});

test("nothing was blocked and nothing was said in the console", async () => {
  assert.deepEqual(await page.evaluate(() => globalThis.policyViolations), []);
  assert.deepEqual(troubles, []);
});
