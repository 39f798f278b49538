/** Makes the .br and .gz copies that the server sends as they are: text and code only, and only where they are smaller. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const KINDS = /\.(?:js|css|wasm|html|json|svg)$/u;

const names = await readdir(DIST, { recursive: true });
for (const name of names.filter((it) => KINDS.test(it))) {
  const file = join(DIST, name);
  if (!(await stat(file)).isFile()) continue;
  const bytes = await readFile(file);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  const gzip = gzipSync(bytes, { level: 9 });
  if (brotli.length < bytes.length) await writeFile(`${file}.br`, brotli);
  if (gzip.length < bytes.length) await writeFile(`${file}.gz`, gzip);
}
