/** A picture with a square in it, and where on the screen that, or something drawn over it, lies. */
import assert from "node:assert/strict";
import { ImagePage } from "../pages/pages.mjs";

const STUDY = "/viewer/patients/pk-tremblay/studies/1.2.826.0.1.3680043.10.999.1";
export const SIDE = 256;
/** Columns and rows, counted from 0, of a square in the picture. */
export const SQUARE = { left: 60, top: 150, side: 40 };
export const inSquare = (column, row) => column >= SQUARE.left && column < SQUARE.left + SQUARE.side && row >= SQUARE.top && row < SQUARE.top + SQUARE.side;
export const us = (...Value) => ({ vr: "US", Value });

/** Gives every image of the study other attributes, and other pixels where `wordAt` says them. */
export async function change(page, attributes, wordAt) {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.route("**/metadata", async (route) => {
    const answer = await route.fetch();
    const changed = (await answer.json()).map((it) => Object.fromEntries(Object.entries({ ...it, ...attributes }).filter(([, element]) => element !== null)));
    await route.fulfill({ response: answer, json: changed });
  });
  if (wordAt === undefined) return;
  await page.route("**/frames/1", async (route) => {
    const answer = await route.fetch();
    const body = Buffer.from(await answer.body());
    const begin = answer.headers()["content-type"].startsWith("multipart/") ? body.indexOf("\r\n\r\n") + 4 : 0;
    for (let at = 0; at < SIDE * SIDE; at += 1) body.writeUInt16LE(wordAt(at % SIDE, Math.floor(at / SIDE), body.readUInt16LE(begin + at * 2)) & 0xffff, begin + at * 2);
    await route.fulfill({ response: answer, body });
  });
}

export async function show(page, server) {
  await page.goto(server.url + STUDY);
  const images = new ImagePage(page);
  await images.waitForImage();
  return images;
}

/** The rectangle on the screen, in pixels of the viewport, that holds what `kind` looks like; null where nothing does. */
export async function boxOf(page, images, kind) {
  const shot = await page.screenshot({ clip: await images.viewport().boundingBox() });
  return page.evaluate(
    async ([base64, wanted]) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (it) => it.charCodeAt(0))]));
      const [width, height] = [bitmap.width, bitmap.height];
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      const looks = { bright: (r, g, b) => Math.min(r, g, b) > 235, ink: (r, g, b) => r > 220 && g > 180 && b < 120, grey: (r, g, b) => Math.abs(r - 128) < 12 && Math.abs(g - 128) < 12 && Math.abs(b - 128) < 12 }[wanted];
      const box = { left: width, top: height, right: -1, bottom: -1 };
      // Words are thin: only what fills a square of 9 pixels counts.
      const is = (x, y) => looks(...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3));
      for (let y = 0; y + 8 < height; y += 1) {
        for (let x = 0; x + 8 < width; x += 1) {
          if (!is(x, y) || !is(x + 8, y) || !is(x, y + 8) || !is(x + 8, y + 8) || !is(x + 4, y + 4)) continue;
          Object.assign(box, { left: Math.min(box.left, x), top: Math.min(box.top, y), right: Math.max(box.right, x + 8), bottom: Math.max(box.bottom, y + 8) });
        }
      }
      return box.right < 0 ? null : box;
    },
    [shot.toString("base64"), kind],
  );
}

export function assertSame(a, b, tolerance, what) {
  assert.ok(a !== null && b !== null && Object.keys(a).every((edge) => Math.abs(a[edge] - b[edge]) <= tolerance), `${what}: ${JSON.stringify([a, b])}`);
}

export const middleOf = ({ left, right, top, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });

/** A plane of one group with a filled square: its own first bit lies at the square's first pixel. */
export function squarePlane() {
  const bytes = Buffer.alloc((SQUARE.side * SQUARE.side) / 8, 0xff);
  return { "60000010": us(SQUARE.side), "60000011": us(SQUARE.side), "60000040": { vr: "CS", Value: ["G"] }, "60000050": { vr: "SS", Value: [SQUARE.top + 1, SQUARE.left + 1] }, "60000100": us(1), "60000102": us(0), "60003000": { vr: "OW", InlineBinary: bytes.toString("base64") } };
}
export const brightSquare = (column, row) => (inSquare(column, row) ? 3000 : 0);
