/** What a person does on the pages. The tests over the invented province and over a live service do the same. */

export class SearchPage {
  constructor(page, base) {
    this.page = page;
    this.base = base;
  }

  async open() {
    await this.page.goto(`${this.base}/viewer/`);
    await this.page.waitForSelector("[data-testid=result-count]");
  }

  rows() {
    return this.page.locator("[role=grid] tbody [role=row], [role=grid] [role=rowgroup] [role=row][data-key]");
  }

  async search(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`[name=${name}]`);
      if ((await field.evaluate((it) => it.tagName)) === "SELECT") await field.selectOption(value);
      else await field.fill(value);
    }
    const answer = this.page.waitForResponse((it) => it.url().includes("/dicom-web/studies?"));
    await this.page.getByRole("button", { name: /^(Search|Rechercher)$/u }).click();
    await answer;
    await this.page.waitForSelector(".results[aria-busy=false]");
  }

  async openRow(at) {
    await this.rows().nth(at).click();
    await this.page.waitForURL(/\/viewer\/patients\//u);
    await this.page.waitForSelector(".timeline, .record .empty");
  }
}

export class PatientPage {
  constructor(page) {
    this.page = page;
  }

  banner() {
    return this.page.getByTestId("patient-banner");
  }

  entries() {
    return this.page.locator(".timeline .entry");
  }

  async openReport(at) {
    await this.page.locator(".timeline .report-button").nth(at).click();
    return this.page.getByTestId("report-text").innerText();
  }

  async openStudy(at) {
    await this.page.locator(".timeline .entry-link").nth(at).click();
    await this.page.waitForURL(/\/studies\//u);
  }
}

export class ImagePage {
  constructor(page) {
    this.page = page;
  }

  viewport(at = 0) {
    return this.page.getByTestId(`viewport-${at}`);
  }

  async waitForImage(at = 0, timeout = 30_000) {
    await this.page.waitForSelector(`[data-testid=viewport-${at}][data-status=shown]`, { timeout });
  }

  async shown(at = 0) {
    return Number(await this.viewport(at).getAttribute("data-shown"));
  }

  async waitForShown(index, at = 0) {
    await this.page.waitForSelector(`[data-testid=viewport-${at}][data-status=shown][data-shown="${index}"]`);
  }

  async openSeries(name) {
    await this.page.getByTestId("series").filter({ hasText: name }).first().click();
  }

  window() {
    return this.page.getByTestId("overlay-window").first().innerText();
  }

  /** What is on the screen, in grey values: a blank picture has one. */
  async statistics(at = 0) {
    const box = await this.viewport(at).boundingBox();
    const inner = { x: box.x + box.width * 0.2, y: box.y + box.height * 0.25, width: box.width * 0.55, height: box.height * 0.5 };
    const shot = await this.page.screenshot({ clip: inner });
    return this.page.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (it) => it.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let sum = 0;
      let squares = 0;
      const shades = new Set();
      let coloured = 0;
      for (let byte = 0; byte < data.length; byte += 4) {
        const grey = (data[byte] + data[byte + 1] + data[byte + 2]) / 3;
        sum += grey;
        squares += grey * grey;
        shades.add(Math.round(grey));
        if (Math.max(data[byte], data[byte + 1], data[byte + 2]) - Math.min(data[byte], data[byte + 1], data[byte + 2]) > 40) coloured += 1;
      }
      const count = data.length / 4;
      const mean = sum / count;
      return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), shades: shades.size, coloured: coloured / count };
    }, shot.toString("base64"));
  }

  async drag(at, from, to) {
    const box = await this.viewport(at).boundingBox();
    const point = ([x, y]) => [box.x + box.width * x, box.y + box.height * y];
    await this.page.mouse.move(...point(from));
    await this.page.mouse.down();
    await this.page.mouse.move(...point([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]));
    await this.page.mouse.move(...point(to));
    await this.page.mouse.up();
  }
}

export class AdminPage {
  constructor(page, base) {
    this.page = page;
    this.base = base;
  }

  async open() {
    await this.page.goto(`${this.base}/admin`);
    await this.page.waitForSelector(".repository, .repositories, .empty");
  }

  repository(name) {
    return this.page.locator(".repository").filter({ hasText: name });
  }
}
