/** A machine without a graphics processor: pictures are drawn in another way, and what lies over them lies right there too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertSame, boxOf, brightSquare, change, middleOf, show, SQUARE, squarePlane, us } from "./square.mjs";
import { withPages } from "./world.mjs";

const { open } = withPages({ graphics: false });

test("without a graphics processor an overlay lies where its pixels lie, and a value is that of its pixel", async () => {
  const { page, server } = open();
  await change(page, { ...squarePlane(), "00280103": us(0) }, brightSquare);
  const images = await show(page, server);
  await page.getByText("W 400 C 40").waitFor();
  await page.waitForSelector("[data-overlays=shown]");
  await images.viewport().focus();
  for (const key of ["", "r", "h"]) {
    if (key !== "") await page.keyboard.press(key);
    await page.waitForTimeout(500);
    const overlay = await boxOf(page, images, "ink");
    await page.keyboard.press("o");
    await page.waitForSelector("[data-overlays=hidden]");
    const pixels = await boxOf(page, images, "bright");
    assertSame(overlay, pixels, 2, `after ${key}`);
    assertSame(middleOf(overlay), middleOf(pixels), 1, `the middle after ${key}`);
    await page.keyboard.press("o");
    await page.waitForSelector("[data-overlays=shown]");
    if (key !== "") continue;
    const frame = await images.viewport().boundingBox();
    const half = (pixels.right + 1 - pixels.left) / SQUARE.side / 2;
    // Half a pixel beyond the middle of the square, which lies between two pixels.
    const { x, y } = middleOf(pixels);
    await page.mouse.move(frame.x + x + half, frame.y + y + half);
    const beyond = SQUARE.side / 2 + 1;
    assert.equal(await page.getByTestId("value").innerText(), `3,000 HU · column ${SQUARE.left + beyond}, row ${SQUARE.top + beyond}`);
  }
});
