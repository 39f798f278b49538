/** Fails when a page would load more than its budget. The shell is what index.html loads; the engine is what comes with the first picture. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const KILO = 1000;
const BUDGETS = { shell: 180 * KILO, engine: 1250 * KILO, raw: 16_000 * KILO };

const gzipped = async (name) => gzipSync(await readFile(join(DIST, name)), { level: 9 }).length;
const named = (text) => [...text.matchAll(/assets\/[\w.-]+\.(?:js|css)/gu)].map(([name]) => name);

const index = await readFile(join(DIST, "index.html"), "utf8");
const shell = [...new Set(named(index))];
const files = (await readdir(join(DIST, "assets"))).map((name) => `assets/${name}`);
const engine = files.filter((name) => /\/engine-[\w-]+\.js$/u.test(name));
const sum = async (names) => (await Promise.all(names.map(gzipped))).reduce((total, size) => total + size, 0);
const raw = (await Promise.all(files.filter((name) => !/\.(?:br|gz)$/u.test(name)).map(async (name) => (await stat(join(DIST, name))).size))).reduce((total, size) => total + size, 0);

const sizes = { shell: await sum(shell), engine: await sum(engine), raw };
for (const [what, size] of Object.entries(sizes)) console.log(`${what.padEnd(7)} ${Math.round(size / KILO)} kB of ${BUDGETS[what] / KILO} kB`);
if (engine.length === 0) throw new Error("the engine is not a chunk of its own");
const over = Object.entries(sizes).filter(([what, size]) => size > BUDGETS[what]);
if (over.length > 0) throw new Error(`over budget: ${over.map(([what]) => what).join(", ")}`);
