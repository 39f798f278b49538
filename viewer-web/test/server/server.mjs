/** A service to look at without a service: the built pages under the real content security policy, over invented data. */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { createApi } from "./api.mjs";
import { sendEncoded } from "./encoded.mjs";
import { find, frame, metadata, search, seriesOf, thumbnail } from "./dicomweb.mjs";

const HERE = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(HERE, "dist");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".json": "application/json" };
const MAX_BODY_BYTES = 1_000_000;

/** Starts the server on loopback; port 0 takes a free one. */
export async function startServer(port = 0) {
  const policy = (await readFile(join(HERE, "content-security-policy.txt"), "utf8")).trim();
  const api = createApi();
  const server = createServer((request, response) => {
    response.setHeader("content-security-policy", policy);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    answer(api, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)), server };
}

async function answer(api, request, response) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith("/api/")) {
    const body = ["POST", "PUT"].includes(request.method) ? await bodyOf(request) : undefined;
    if (/^\/api\/reports\/[^/]+\/versions\/1\/documents\/1$/u.test(url.pathname)) return send(response, 200, "application/pdf", PDF);
    const result = api(request.method, url.pathname, body);
    send(response, result.status, result.type, result.body === null ? "" : JSON.stringify(result.body), { "cache-control": "no-store" });
  } else if (url.pathname.startsWith("/dicom-web/")) await dicomweb(url, request, response);
  else await file(url.pathname, response);
}

async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new Error("too much");
    parts.push(part);
  }
  return parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString("utf8"));
}

/** Unknown paths without an extension are pages of the application; with one they are missing. The digits that end a UID are none. */
async function file(path, response) {
  const inside = path.startsWith("/viewer/") ? normalize(path.slice("/viewer/".length)) : "";
  const name = /\.[a-z]\w*$/iu.test(inside) ? inside : "index.html";
  const at = join(DIST, name);
  const known = at.startsWith(DIST) && (await stat(at).then((it) => it.isFile(), () => false));
  if (!known || !/^\/(?:viewer|admin)(?:\/|$)/u.test(path)) return send(response, 404, "text/plain", "not found");
  response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": name === "index.html" ? "no-cache" : "public, max-age=31536000, immutable" });
  createReadStream(at).pipe(response);
}

async function dicomweb(url, request, response) {
  const [, , studyUid, level, seriesUid, below, sopUid, what, number] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const json = (body, headers = {}) => send(response, 200, "application/dicom+json", JSON.stringify(body), { "cache-control": "no-store", ...headers });
  if (studyUid === undefined) {
    const found = search(url.searchParams);
    return json(found.body, { warning: found.warnings });
  }
  const { study, series: one, at } = find(studyUid, seriesUid, sopUid);
  if (study === undefined) return send(response, 404, "application/problem+json", '{"title":"Not Found"}');
  if (level === "series" && seriesUid === undefined) return json(seriesOf(study));
  if (one === undefined) return send(response, 404, "application/problem+json", '{"title":"Not Found"}');
  if (below === "metadata") return json(metadata(study, one));
  if (below === "thumbnail") {
    const picture = thumbnail(one);
    return picture === null ? send(response, 406, "text/plain", "") : send(response, 200, "image/png", picture);
  }
  if (at < 0) return send(response, 404, "text/plain", "");
  if (what === "rendered") return rendered(one, response);
  if (what !== "frames" || one.broken === at) return send(response, 502, "application/problem+json", '{"title":"Bad Gateway"}');
  const pixels = frame(one, at, Number(number));
  if (one.noise === true && (request.headers.accept ?? "").includes("image/jphc")) return sendEncoded(request, response, one.uid, pixels, one.size, Math.round(one.size * 1.2));
  return sendFrame(response, one, pixels);
}

/** Frames come in both shapes that the standard allows. */
function sendFrame(response, one, bytes) {
  if (one.kind !== "ct") return send(response, 200, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", bytes);
  const head = "--frame\r\nContent-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n";
  return send(response, 200, 'multipart/related; type="application/octet-stream"; boundary=frame', Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n--frame--\r\n")]));
}

function rendered(one, response) {
  if (one.kind === "sr") return send(response, 200, "text/html; charset=utf-8", "<!doctype html><title>Report</title><h1>X-Ray Radiation Dose Report</h1><p>Total DLP 312 mGy.cm</p><script>parent.document.title='broken out'</script>");
  if (one.kind === "pdf") return send(response, 200, "application/pdf", PDF);
  return send(response, 406, "application/problem+json", '{"title":"Not Acceptable"}');
}

function send(response, status, type, body, headers = {}) {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}

const PDF = Buffer.from(
  "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Length 44>>stream\nBT /F 18 Tf 40 120 Td (Requisition) Tj ET\nendstream endobj\ntrailer<</Root 1 0 R>>\n",
);
