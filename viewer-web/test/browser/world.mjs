/** The built pages in a browser over the invented province, a page for each test; what every test must leave behind it. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, afterEach, before, beforeEach } from "node:test";
import { startServer } from "../server/server.mjs";
import { openPage, startBrowser } from "./browser.mjs";

/** Registers the hooks; `open` gives the page of the test that runs; `options` are the browser's. */
export function withPages(options) {
  const SHOTS = process.env.SHOTS_DIR;
  let server;
  let browser;
  let opened;
  before(async () => {
    server = await startServer();
    browser = await startBrowser(options);
    if (SHOTS !== undefined) await mkdir(SHOTS, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  beforeEach(async () => {
    opened = await openPage(browser.context, server.url);
  });
  afterEach(async (context) => {
    const { page, troubles } = opened;
    if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/${context.name.replaceAll(/\W+/gu, "-")}.png` });
    const blocked = await page.evaluate(() => globalThis.policyViolations);
    await page.unrouteAll({ behavior: "ignoreErrors" }); // what is fetched ahead may still be under way
    await page.close();
    assert.deepEqual(troubles, [], "the console stays silent");
    assert.deepEqual(blocked, [], "the policy blocks nothing that the pages need");
  });
  return { SHOTS, open: () => ({ ...opened, server }) };
}
