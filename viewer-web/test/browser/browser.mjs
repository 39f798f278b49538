/** A browser for tests, and what a page did wrong while it was open. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const GRAPHICS = ["--enable-unsafe-swiftshader", "--use-angle=swiftshader"];
const NO_GRAPHICS = ["--disable-3d-apis"];

/** Starts Chromium with a new profile, and without graphics where that is asked for; `close` ends it and removes the profile. */
export async function startBrowser({ graphics = true } = {}) {
  const profile = await mkdtemp(join(tmpdir(), "viewer-browser-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, args: [...FLAGS, ...(graphics ? GRAPHICS : NO_GRAPHICS)], viewport: { width: 1440, height: 900 }, locale: "en-CA" });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Opens a page that collects what must not happen: errors, policy violations, and words in the console. */
export async function openPage(context, base) {
  const page = await context.newPage();
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/Failed to load resource/u.test(text)) troubles.push(`console: ${text}`);
  });
  await page.addInitScript(() => {
    globalThis.policyViolations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  return { page, troubles, base };
}
