/** Every page on a screen of 390 pixels, in both languages: nothing lies beyond its edge but the columns of tables, which are scrolled in their frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ImagePage } from "../pages/pages.mjs";
import { violations } from "./axe.mjs";
import { withPages } from "./world.mjs";

const WIDTH = 390;
const RECORD = "/viewer/patients/pk-tremblay";
const STUDY = `${RECORD}/studies/1.2.826.0.1.3680043.10.999.1`;
const { SHOTS, open } = withPages();

/** What lies beyond the right edge, or makes something scroll sideways. */
const beyond = (page) =>
  page.evaluate((width) => {
    const found = [];
    for (const it of document.querySelectorAll("body *")) {
      if (it.closest(".table-frame, .sr, .viewport, .layers, svg") !== null && !it.matches(".table-frame")) continue;
      const { right, width: own } = it.getBoundingClientRect();
      const scrolls = !it.matches(".table-frame") && it.scrollWidth > it.clientWidth + 1 && /auto|scroll/u.test(getComputedStyle(it).overflowX);
      if ((own > 0 && right > width + 1) || scrolls) found.push(`${it.tagName}.${it.className} to ${Math.round(right)}${scrolls ? ", scrolls" : ""}`);
    }
    return found;
  }, WIDTH);

/** Words on a picture that lie over each other: a date with a letter on it is another date. */
const overlapping = (page, at) =>
  page.evaluate((index) => {
    const overlay = document.querySelectorAll(".pane")[index].querySelector(".overlay");
    const parts = [...overlay.querySelectorAll(":scope > div, .edge")].map((it) => ({ words: it.innerText, box: it.getBoundingClientRect() })).filter(({ words, box }) => words !== "" && box.width > 0);
    return parts.flatMap(({ words, box }, place) =>
      parts
        .slice(place + 1)
        .filter(({ box: other }) => box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 1 && other.top < box.bottom - 1)
        .map((other) => `${words} | ${other.words}`),
    );
  }, at);

for (const language of ["en", "fr"]) {
  test(`no page is wider than a small screen (${language})`, async () => {
    const { page, server } = open();
    await page.setViewportSize({ width: WIDTH, height: 844 });
    await page.addInitScript((chosen) => localStorage.setItem("dics.language", chosen), language);
    const check = async (what) => {
      assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), WIDTH, what);
      assert.deepEqual(await beyond(page), [], what);
      assert.deepEqual(await violations(page), [], what);
      if (SHOTS !== undefined) await page.screenshot({ path: `${SHOTS}/narrow-${what}-${language}.png` });
    };
    await page.goto(`${server.url}/viewer/`);
    await page.waitForSelector("[data-testid=result-count]");
    await check("search");
    await page.goto(server.url + RECORD);
    await page.waitForSelector(".timeline");
    await check("patient");
    await page.locator(".timeline .report-button").first().click();
    await page.getByTestId("report-text").waitFor();
    await check("report");
    await page.goto(`${server.url}/admin`);
    await page.locator(".repository").first().waitFor();
    await page.locator(".page-head button").click();
    await page.locator("form.register [name=code]").waitFor();
    await check("admin");
    await page.goto(server.url + STUDY);
    const images = new ImagePage(page);
    await images.waitForImage();
    await check("image");
    const { width, height } = await images.viewport().boundingBox();
    assert.ok(width >= WIDTH - 4 && height > 400, `${width} × ${height}`);
    await page.getByRole("radio", { name: /^(?:Four images|Quatre images)$/u }).click();
    await page.waitForSelector("[data-testid=viewport-1][data-status=shown]");
    await check("four");
    for (const at of [0, 1]) assert.deepEqual(await overlapping(page, at), [], "words over words");
    await images.viewport().scrollIntoViewIfNeeded();
    await images.viewport().focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await check("keys");
    await page.evaluate(() => localStorage.clear());
  });
}
