import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const SRC = join(process.cwd(), "src");
/** Who may import whom; a folder may always import itself. The wiring (`app.tsx`, `engine.ts`) may import all. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  dicomweb: ["model"],
  service: ["dicomweb", "model"],
  loading: ["dicomweb", "model"],
  rendering: ["model"],
  tools: ["rendering", "model"],
  ui: ["rendering", "tools", "loading", "service", "dicomweb", "model"],
};
/** The renderer stays behind these. */
const MAY_DRAW = /^(?:rendering\/cornerstone\/|tools\/|engine\.ts)/u;

const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/u.test(name) && !name.includes(".test."));
const importsOf = (name: string): readonly string[] => [...readFileSync(join(SRC, name), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/gu)].flatMap(([, path]) => path ?? []);

test("folders import only what lies below them", () => {
  const wrong = sources.flatMap((name) => {
    const allowed = ALLOWED[name.split("/")[0] ?? ""];
    if (allowed === undefined) return [];
    return importsOf(name)
      .filter((path) => path.startsWith("."))
      .map((path) => normalize(join(dirname(name), path)).split("/")[0] ?? "")
      .filter((folder) => folder !== name.split("/")[0] && !allowed.includes(folder))
      .map((folder) => `${name} imports ${folder}`);
  });
  expect(wrong).toEqual([]);
});

test("only the drawing code knows the renderer", () => {
  const wrong = sources.filter((name) => !MAY_DRAW.test(name) && importsOf(name).some((path) => /^(?:@cornerstonejs|@kitware)/u.test(path)));
  expect(wrong).toEqual([]);
});
