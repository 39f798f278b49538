/** Pictures of every page over the invented province, to be judged by eye: SHOTS_DIR=… node test/browser/look.mjs */
import { mkdir } from "node:fs/promises";
import { startServer } from "../server/server.mjs";
import { openPage, startBrowser } from "./browser.mjs";

const dir = process.env.SHOTS_DIR ?? "/tmp/shots";
await mkdir(dir, { recursive: true });
const server = await startServer();
const browser = await startBrowser();
const { page, troubles } = await openPage(browser.context, server.url);
page.on("console", (message) => console.log(message.type(), message.text().slice(0, 300)));
const shot = (name) => page.screenshot({ path: `${dir}/${name}.png` });
try {
  await page.goto(`${server.url}/viewer/`);
  await page.waitForSelector("[data-testid=result-count]");
  await page.waitForTimeout(500);
  await shot("search");
  await page.goto(`${server.url}/viewer/patients/pk-tremblay`);
  await page.waitForSelector(".timeline");
  await page.locator(".report-button").first().click();
  await page.waitForSelector("[data-testid=report-text]");
  await shot("patient");
  await page.goto(`${server.url}/viewer/launch/study`);
  await page.waitForSelector("[data-status=shown]", { timeout: 20_000 });
  await page.waitForTimeout(1500);
  await shot("image");
  await page.getByRole("radio", { name: "Four images" }).click();
  await page.waitForTimeout(2500);
  await shot("image-four");
  await page.goto(`${server.url}/viewer/launch/choose`);
  await page.waitForSelector(".choices");
  await shot("choose");
  await page.goto(`${server.url}/admin`);
  await page.waitForSelector(".repository");
  await shot("admin");
} catch (error) {
  console.log(String(error));
  await shot("failure");
} finally {
  console.log(troubles, await page.evaluate(() => globalThis.policyViolations));
  await browser.close();
  await server.close();
}
