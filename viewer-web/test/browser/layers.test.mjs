/** What an image asks to have drawn over it, and what is read off it: overlays, shutters, shape of pixels, values, scale. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.mjs";
import { assertSame, boxOf, brightSquare, change, inSquare, middleOf, show, SIDE, SQUARE, squarePlane, us } from "./square.mjs";
import { withPages } from "./world.mjs";

const { SHOTS, open } = withPages();
test("an overlay lies where its pixels lie, however the picture is turned, and its going is told", async () => {
  const { page, server } = open();
  await change(page, squarePlane(), brightSquare);
  const images = await show(page, server);
  await page.waitForSelector("[data-overlays=shown]");
  assert.deepEqual(await violations(page), []);
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/overlay.png` });
  await images.viewport().focus();
  for (const key of ["", "r", "h", "+", "Shift+ArrowRight", "v"]) {
    if (key !== "") await page.keyboard.press(key);
    await page.waitForTimeout(300);
    const overlay = await boxOf(page, images, "ink");
    await page.keyboard.press("o");
    await page.waitForSelector("[data-overlays=hidden]");
    const pixels = await boxOf(page, images, "bright");
    assertSame(overlay, pixels, 2, `after ${key}`);
    // The picture's edges are smooth and grow with it on both sides; half a pixel of the image would move the middle by more than this.
    assertSame(middleOf(overlay), middleOf(pixels), 1, `the middle after ${key}`);
    await page.keyboard.press("o");
    await page.waitForSelector("[data-overlays=shown]");
  }
});

test("an overlay in the free bits of the pixels is drawn, and is no part of the values", async () => {
  const { page, server } = open();
  const attributes = { "00280101": us(12), "00280102": us(11), "00280103": us(0), "60000010": us(SIDE), "60000011": us(SIDE), "60000050": { vr: "SS", Value: [1, 1] }, "60000100": us(16), "60000102": us(13) };
  await change(page, attributes, (column, row) => (inSquare(column, row) ? 0x2000 : 0) + 40);
  const images = await show(page, server);
  await page.waitForSelector("[data-overlays=shown]");
  const box = await boxOf(page, images, "ink");
  assert.ok(box !== null && Math.abs(box.right - box.left - (box.bottom - box.top)) <= 2, JSON.stringify(box));
  const frame = await images.viewport().boundingBox();
  await page.mouse.move(frame.x + (box.left + box.right) / 2, frame.y + (box.top + box.bottom) / 2);
  assert.match(await page.getByTestId("value").innerText(), /^40 HU/u);
  await images.viewport().focus();
  await page.keyboard.press("o");
  await page.waitForSelector("[data-overlays=hidden]");
  assert.equal(await boxOf(page, images, "bright"), null, "nothing of the plane is in the picture");
});

test("overlays that can't be had are told, and nothing passes for them", async () => {
  const { page, server } = open();
  await change(page, { ...squarePlane(), "60003000": { vr: "OW", BulkDataURI: "/dicom-web/nowhere" } });
  await page.route("**/nowhere", (route) => route.fulfill({ status: 404 }));
  const images = await show(page, server);
  await page.getByText("This image has overlays that are NOT shown").waitFor();
  assert.equal(await boxOf(page, images, "ink"), null);
  await page.getByRole("button", { name: "Français" }).click();
  await page.getByText("Cette image a des superpositions qui ne sont PAS affichées").waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.evaluate(() => localStorage.clear());
});

test("the image's own shutter covers what lies outside it, in its own grey, and can be lifted", async () => {
  const { page, server } = open();
  const shutter = { "00181600": { vr: "CS", Value: ["RECTANGULAR"] }, "00181602": us(SQUARE.left + 1), "00181604": us(SQUARE.left + SQUARE.side), "00181606": us(SQUARE.top + 1), "00181608": us(SQUARE.top + SQUARE.side), "00181622": us(128 * 257) };
  await change(page, shutter, () => 3000);
  const images = await show(page, server);
  await page.getByText("Shutter of the image").waitFor();
  await page.waitForTimeout(300);
  const uncovered = await boxOf(page, images, "bright");
  const covered = await boxOf(page, images, "grey");
  if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/shutter.png` });
  await images.viewport().focus();
  await page.keyboard.press("o");
  await page.getByText("Shutter lifted").waitFor();
  const all = await boxOf(page, images, "bright");
  assertSame(covered, all, 2, "what is covered reaches to the edges of the picture");
  // The shutter's edges are those of 40 of the picture's 256 pixels.
  const scale = (all.right + 1 - all.left) / SIDE;
  const expected = { left: all.left + SQUARE.left * scale, top: all.top + SQUARE.top * scale, right: all.left + (SQUARE.left + SQUARE.side) * scale, bottom: all.top + (SQUARE.top + SQUARE.side) * scale };
  assertSame(uncovered, expected, 3, "open");
});

test("pixels that are twice as high as wide are shown so, and zeros for a spacing are no spacing", async () => {
  const { page, server } = open();
  await change(page, { "00280030": { vr: "DS", Value: [0, 0] }, "00280034": { vr: "IS", Value: [2, 1] } }, brightSquare);
  const images = await show(page, server);
  await page.waitForTimeout(300);
  const { left, top, right, bottom } = await boxOf(page, images, "bright");
  assert.ok(Math.abs((bottom + 1 - top) / (right + 1 - left) - 2) < 0.06, JSON.stringify([left, top, right, bottom]));
  await images.viewport().focus();
  await page.keyboard.press("m");
  await page.locator(".viewport svg text", { hasText: /^\d+\.\d px/u }).first().waitFor();
  await page.locator(".viewport svg text", { hasText: "no calibration" }).first().waitFor();
  assert.match(await page.getByTestId("scale").innerText(), /^\d+ px, no calibration$/u);
});

test("bits above those that are stored are no part of the picture", async () => {
  const { page, server } = open();
  const twelve = { "00280101": us(12), "00280102": us(11), "00280103": us(0), "00281050": { vr: "DS", Value: [1500] }, "00281051": { vr: "DS", Value: [3000] } };
  const statistics = async (junk) => {
    await change(page, twelve, (column, row) => (inSquare(column, row) ? 3000 : column * 8) + junk(column, row));
    const images = await show(page, server);
    return images.statistics();
  };
  const clean = await statistics(() => 0);
  const dirty = await statistics((column, row) => ((column * 7 + row * 3) % 16) << 12);
  assert.ok(clean.shades > 20 && Math.abs(clean.mean - dirty.mean) < 1 && Math.abs(clean.deviation - dirty.deviation) < 1, JSON.stringify([clean, dirty]));
});

test("the value under the pointer is the pixel's, by mouse and by keys, and the scale fits the picture", async () => {
  const { page, server } = open();
  await change(page, { "00281052": { vr: "DS", Value: [-1024] }, "00280103": us(0) }, brightSquare);
  const images = await show(page, server);
  const { left, right, top, bottom } = await boxOf(page, images, "bright");
  const frame = await images.viewport().boundingBox();
  const at = (x, y) => page.mouse.move(frame.x + x, frame.y + y);
  const value = page.getByTestId("value");
  const pixel = (right + 1 - left) / SQUARE.side;
  await at(left + pixel / 2 + 1, top + pixel / 2 + 1);
  // Columns and rows count from 1, and 3000 is 1976 HU with an intercept of −1024.
  assert.equal(await value.innerText(), `1,976 HU · column ${SQUARE.left + 1}, row ${SQUARE.top + 1}`);
  await at(right + pixel, bottom + pixel);
  assert.equal(await value.innerText(), `-1,024 HU · column ${SQUARE.left + SQUARE.side + 1}, row ${SQUARE.top + SQUARE.side + 1}`);
  await page.mouse.move(5, 5);
  await images.viewport().focus();
  await page.keyboard.press("Control+ArrowRight");
  const said = page.locator(".pane [role=status]").filter({ hasText: "HU" });
  await said.waitFor();
  const columnOf = async () => Number(/column (\d+)/u.exec(await said.innerText())[1]);
  const before = await columnOf();
  await page.keyboard.press("Control+Shift+ArrowLeft");
  assert.equal(before - (await columnOf()), 10);
  // 360 mm in 256 pixels.
  const [mm] = /^\d+(?= mm$)/u.exec(await page.getByTestId("scale").innerText());
  const bar = await page.locator(".scale-bar").boundingBox();
  assert.ok(Math.abs(bar.width / pixel - Number(mm) / (360 / SIDE)) < 1, `${mm} mm in ${bar.width} pixels`);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("x");
  await page.keyboard.press("b");
  assert.deepEqual([await value.count(), await page.getByTestId("scale").count()], [0, 0]);
  assert.equal(await page.getByRole("button", { name: "Scale" }).getAttribute("aria-pressed"), "false");
});
