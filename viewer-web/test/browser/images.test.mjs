/** How pictures come, and what stands beside them: previews, what is fetched ahead, key objects, the administrators' words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AdminPage, ImagePage } from "../pages/pages.mjs";
import { violations } from "./axe.mjs";
import { withPages } from "./world.mjs";

const STUDY = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.1";
const PORTABLE = "/viewer/patients/pk-macdonald/studies/1.2.826.0.1.3680043.10.999.6";
const { SHOTS, open } = withPages();

test("a large radiograph is first shown from its first bytes, marked as a preview, and then whole", async () => {
  const { page, server } = open();
  const received = [];
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/frames/1", async (route) => {
    const range = route.request().headers()["range"] ?? "";
    if (/^bytes=[1-9]/u.test(range)) await held;
    const answer = await route.fetch();
    received.push({ range, priority: route.request().headers()["priority"], bytes: (await answer.body()).length });
    await route.fulfill({ response: answer });
  });
  await page.goto(server.url + PORTABLE);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.openSeries("FULL SIZE");
  await page.waitForSelector("[data-testid=viewport-0][data-quality=preview]");
  await page.getByText("PREVIEW – not for diagnosis").waitFor();
  const inParts = () => received.filter((it) => it.range !== "");
  assert.deepEqual(inParts(), [{ range: "bytes=0-65535", priority: "u=1, i", bytes: 65_536 }]);
  const first = await images.statistics();
  assert.ok(first.shades > 20 && first.deviation > 20, JSON.stringify(first));
  assert.deepEqual(await violations(page), []);
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/large-preview.png` });
  await images.viewport().focus();
  await page.keyboard.press("m");
  assert.equal(await page.locator(".viewport svg text").count(), 0, "nothing is measured on a preview");
  release();
  await page.waitForSelector("[data-testid=viewport-0][data-quality=full]");
  assert.equal(await page.getByText("PREVIEW – not for diagnosis").count(), 0);
  assert.equal(inParts().length, 2, "nothing was fetched twice");
  assert.equal(inParts()[1].range, "bytes=65536-");
  const whole = await images.statistics();
  assert.ok(Math.abs(whole.mean - first.mean) < 12, `the same picture, but for the words on the first: ${JSON.stringify([first, whole])}`);
});

test("a large radiograph comes whole where its beginning can't be had", async () => {
  const { page, server } = open();
  await page.route("**/frames/1", async (route) => {
    if ((route.request().headers()["accept"] ?? "").includes("image/jphc")) await route.fulfill({ status: 200, contentType: "text/plain", body: "no frame" });
    else await route.continue();
  });
  await page.goto(server.url + PORTABLE);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.openSeries("FULL SIZE");
  await page.waitForSelector("[data-testid=viewport-0][data-quality=full]");
  assert.ok((await images.statistics()).shades > 20);
});

test("samples that are stored above bit 0 make the same picture", async () => {
  const { page, server } = open();
  const statistics = async () => {
    await page.goto(server.url + PORTABLE);
    const images = new ImagePage(page);
    await images.waitForImage();
    return images.statistics();
  };
  const usual = await statistics();
  let raised = 0;
  await page.route("**/metadata", async (route) => {
    const answer = await route.fetch();
    const instances = await answer.json();
    await route.fulfill({ response: answer, json: instances.map((it) => (it["00280101"]?.Value[0] === 12 ? { ...it, "00280102": { vr: "US", Value: [15] } } : it)) });
  });
  await page.route("**/frames/1", async (route) => {
    const answer = await route.fetch();
    const body = Buffer.from(await answer.body());
    const isMultipart = answer.headers()["content-type"].startsWith("multipart/");
    const begin = isMultipart ? body.indexOf("\r\n\r\n") + 4 : 0;
    const end = isMultipart ? body.lastIndexOf("\r\n--") : body.length;
    for (let at = begin; at + 1 < end; at += 2) body.writeUInt16LE((body.readUInt16LE(at) << 4) & 0xffff, at);
    raised += 1;
    await route.fulfill({ response: answer, body });
  });
  const moved = await statistics();
  assert.ok(raised > 0);
  assert.ok(usual.shades > 20 && Math.abs(moved.mean - usual.mean) < 2 && Math.abs(moved.deviation - usual.deviation) < 2, JSON.stringify([usual, moved]));
});

test("a named window function, a window that is none, and no modality keep no picture away", async () => {
  const { page, server } = open();
  const statistics = async (change) => {
    await page.unroute("**/metadata");
    await page.route("**/metadata", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: (await answer.json()).map((it) => ({ ...it, ...change })) });
    });
    await page.goto(server.url + STUDY);
    const images = new ImagePage(page);
    await images.waitForImage();
    return images.statistics();
  };
  const usual = await statistics({});
  for (const name of ["LINEAR", "LINEAR_EXACT", "SIGMOID"]) {
    const named = await statistics({ "00281056": { vr: "CS", Value: [name] } });
    assert.ok(named.shades > 20 && Math.abs(named.mean - usual.mean) < 30, `${name}: ${JSON.stringify([usual, named])}`);
  }
  for (const width of [0, -400, 0.5]) {
    const none = await statistics({ "00281050": { vr: "DS", Value: [0] }, "00281051": { vr: "DS", Value: [width] } });
    assert.ok(none.shades > 20, `the range of the pixels for a width of ${width}: ${JSON.stringify(none)}`);
  }
  assert.ok((await statistics({ "00080060": { vr: "CS" }, "00200037": { vr: "DS" }, "00200032": { vr: "DS" } })).shades > 20);
});

test("a length is right where pixels are not square", async () => {
  const { page, server } = open();
  const lengthWith = async (rowFactor) => {
    await page.unroute("**/metadata");
    await page.route("**/metadata", async (route) => {
      const answer = await route.fetch();
      const instances = await answer.json();
      const [row, column] = instances[0]["00280030"]?.Value ?? [1, 1];
      await route.fulfill({ response: answer, json: instances.map((it) => ({ ...it, "00280030": { vr: "DS", Value: [row * rowFactor, column] } })) });
    });
    await page.goto(server.url + STUDY);
    const images = new ImagePage(page);
    await images.waitForImage();
    await images.viewport().focus();
    await page.keyboard.press("m");
    const line = page.locator(".viewport svg text", { hasText: / mm$/u }).first();
    await line.waitFor();
    return Number.parseFloat(await line.textContent());
  };
  const square = await lengthWith(1);
  const tall = await lengthWith(2);
  await page.unroute("**/metadata");
  // Twice as tall, it is shown half as large: the same line on the screen is twice as long.
  assert.ok(square > 10 && Math.abs(tall / square - 2) < 0.05, `${square} mm and ${tall} mm`);
});

test("a key object selection shows its images, and leads to each", async () => {
  const { page, server } = open();
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  await images.openSeries("Key images");
  const selection = page.getByTestId("key-objects");
  await selection.getByText("Nodule, left upper lobe").waitFor();
  assert.equal(await selection.getByRole("button").count(), 2);
  assert.doesNotMatch(await selection.innerText(), /1\.2\.826/u, "nobody reads identifiers");
  assert.deepEqual(await violations(page), []);
  await selection.getByRole("button", { name: "Key image 2 of 2" }).click();
  await images.waitForShown(30);
});

test("the open study is warmed first, then the most relevant prior, and no more when the reader has moved on", async () => {
  const { page, server } = open();
  const warmed = [];
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/warm", async (route) => {
    warmed.push(route.request().url().split("/").at(-2).split(".").at(-1));
    if (warmed.length === 2) await held;
    await route.fulfill({ status: 204 }).catch(() => undefined);
  });
  await page.goto(server.url + STUDY);
  await new ImagePage(page).waitForImage();
  await page.waitForRequest("**/warm");
  const second = await page.waitForRequest("**/warm");
  for (let wait = 0; warmed.length < 2 && wait < 50; wait += 1) await page.waitForTimeout(100);
  assert.deepEqual(warmed, ["1", "4"], "the other CT of the chest");
  const stopped = page.waitForEvent("requestfailed", (request) => request.url() === second.url());
  await page.getByRole("link", { name: "Record" }).click();
  await stopped;
  release();
});

test("what a repository pushed is told, and why something was refused in the language of the reader", async () => {
  const { page, server } = open();
  const admin = new AdminPage(page, server.url);
  await admin.open();
  await page.getByRole("button", { name: "Français" }).click();
  await admin.repository("HDIRS").getByText(/images reçues/u).waitFor();
  await page.getByText("Utilisateur de développement").waitFor();
  const rules = page.getByRole("group", { name: "Quarantaine" }).locator("tbody tr td:nth-child(4)");
  await rules.first().waitFor();
  for (const rule of await rules.all()) assert.equal(await rule.locator("[lang=en]").count(), 0, await rule.innerText());
  await page.getByRole("button", { name: "English" }).click();
  await page.evaluate(() => localStorage.clear());
});
