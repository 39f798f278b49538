import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const SOURCE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What a page breaks of WCAG 2.1 A and AA, and what of it lies outside of its landmarks or in two of one name, as short lines. */
export async function violations(page) {
  await page.evaluate(SOURCE); // by the debugger, so the policy of the page stays as it is
  const found = await page.evaluate(async () => {
    const { violations: all } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], rules: { region: { enabled: true }, "landmark-unique": { enabled: true } } });
    return all.map((it) => `${it.id}: ${it.nodes.map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).slice(0, 4).join(" | ")}`);
  });
  return found;
}
