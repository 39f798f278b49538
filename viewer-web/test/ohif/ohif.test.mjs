/**
 * OHIF, a viewer that nobody here wrote, as it is published, from another origin than the service.
 *
 * DICOMWEB is the service, OHIF the folder of its pages, OHIF_PORT where they are served (an origin that the service knows), STUDIES a
 * list of `{ name, study, patient, range, text }`: the patient's name in the list, the lowest and highest value of the image
 * where they are known, a word of a report. SHOTS_DIR is where pictures of the pages go.
 */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startBrowser } from "../browser/browser.mjs";
import { serveOhif } from "./serve.mjs";

const { DICOMWEB, OHIF, OHIF_PORT, SHOTS_DIR } = process.env;
const STUDIES = JSON.parse(process.env.STUDIES);
const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 120_000);
/** What OHIF says of itself and asks of others. */
const NOT_OURS = /favicon|manifest|fonts\.|google|Download the React|service.?worker|ResizeObserver/iu;

let browser;
let ohif;
let page;
const troubles = [];
const answered = new Map();

before(async () => {
  if (SHOTS_DIR !== undefined) await mkdir(SHOTS_DIR, { recursive: true });
  ohif = await serveOhif(OHIF, Number(OHIF_PORT ?? 0), DICOMWEB);
  browser = await startBrowser();
  page = await browser.context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => troubles.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !NOT_OURS.test(text)) troubles.push(`console: ${text}`);
  });
  page.on("response", (response) => {
    if (!response.url().startsWith(DICOMWEB)) return;
    const status = response.status();
    answered.set(status, (answered.get(status) ?? 0) + 1);
    if (status >= 400) troubles.push(`${status}: ${response.request().method()} ${response.url().slice(DICOMWEB.length)}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    // A page that is left gives up what it still asks for.
    if (request.url().startsWith(DICOMWEB) && reason !== "net::ERR_ABORTED") troubles.push(`${reason}: ${request.url().slice(DICOMWEB.length)}`);
  });
});
after(async () => {
  await browser?.close();
  await ohif?.close();
});

const shot = async (name) => {
  if (SHOTS_DIR !== undefined) await page.screenshot({ path: `${SHOTS_DIR}/ohif-${name}.png` });
};

/** How many shades the viewport's canvas has, and how many pixels are not black. */
const shades = () =>
  page.evaluate(() => {
    const canvas = [...document.querySelectorAll("canvas.cornerstone-canvas")].find((one) => one.width > 100);
    if (canvas === undefined) return { shades: 0, lit: 0 };
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    let lit = 0;
    for (let at = 0; at < data.length; at += 4) {
      seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      if (data[at] + data[at + 1] + data[at + 2] > 30) lit += 1;
    }
    return { shades: seen.size, lit: lit / (data.length / 4) };
  });

/** Lowest and highest value of the image that the first viewport holds, as its engine decoded it. */
const range = () =>
  page.evaluate(() => {
    const [viewport] = globalThis.cornerstone.getRenderingEngines()[0].getViewports();
    const image = globalThis.cornerstone.cache.getImage(viewport.getCurrentImageId());
    let [lowest, highest] = [Infinity, -Infinity];
    for (const value of image.getPixelData()) {
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
    return [lowest, highest];
  });

/** OHIF's own notices, which stand over its pages. */
async function dismissNotices() {
  for (const name of ["Confirm and hide", "Skip all"]) {
    const button = page.getByText(name, { exact: true });
    if (await button.isVisible()) await button.click();
  }
}

async function until(what, isSo) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (Date.now() > end) {
      await shot("failed");
      assert.fail(what);
    }
    await page.waitForTimeout(250);
  }
}

test("the study list lists every study", async () => {
  await page.goto(ohif.url);
  for (const { name, patient } of STUDIES) {
    await until(`${name} is listed`, async () => (await page.locator("body").innerText()).includes(patient.replace("^", ", ")));
  }
  await dismissNotices();
  await shot("list");
});

for (const { name, study, range: known, text } of STUDIES) {
  test(`${name} opens and shows`, async () => {
    await page.goto(`${ohif.url}/viewer?StudyInstanceUIDs=${study}`);
    if ((text ?? null) === null) {
      const seen = await until(`${name} is shown`, async () => {
        const found = await shades();
        return found.shades > 16 && found.lit > 0.02 ? found : null;
      });
      console.log(`${name}: ${seen.shades} shades, ${(seen.lit * 100).toFixed(0)} % lit`);
      if (known !== undefined) assert.deepEqual(await range(), known, `${name}: the values of its image`);
    } else {
      await until(`${name} is read`, async () => (await page.locator("body").innerText()).includes(text));
    }
    await dismissNotices();
    await shot(name.toLowerCase().replaceAll(" ", "-"));
  });
}

test("the service refused nothing and the page had no trouble with it", () => {
  console.log(`peer: OHIF asked the service: ${[...answered].map(([status, n]) => `${n} × ${status}`).join(", ")}`);
  assert.ok((answered.get(200) ?? 0) >= STUDIES.length * 4);
  assert.deepEqual(troubles, []);
});
