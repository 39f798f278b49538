/** OHIF as it is published, on an origin of its own, with a configuration that leads to a DICOMweb service elsewhere. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".png": "image/png", ".ico": "image/x-icon" };

/** What an administrator writes into `app-config.js`: the addresses of the service, and what it can do. */
function configuration(dicomweb) {
  const source = {
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
    sourceName: "dics",
    configuration: {
      friendlyName: "DI Common Service",
      name: "dics",
      wadoUriRoot: dicomweb,
      qidoRoot: dicomweb,
      wadoRoot: dicomweb,
      qidoSupportsIncludeField: true,
      supportsFuzzyMatching: true,
      supportsWildcard: true,
      imageRendering: "wadors",
      thumbnailRendering: "thumbnail",
      thumbnailRequestStrategy: "fetch",
      enableStudyLazyLoad: true,
      singlepart: "bulkdata,video,pdf",
      bulkDataURI: { enabled: true, relativeResolution: "series" },
    },
  };
  return `window.config = ${JSON.stringify({ routerBasename: null, extensions: [], modes: [], customizationService: {}, showStudyList: true, maxNumberOfWebWorkers: 2, showWarningMessageForCrossOrigin: false, defaultDataSourceName: "dics", dataSources: [source] })};`;
}

/** Serves `folder` on loopback; a path that names no file is a page of the application. */
export async function serveOhif(folder, port, dicomweb) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/app-config.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(configuration(dicomweb));
      return;
    }
    file(folder, path, response).catch(() => response.destroy());
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

async function file(folder, path, response) {
  const asked = join(folder, path);
  const known = asked.startsWith(folder) && (await stat(asked).then((it) => it.isFile(), () => false));
  const at = known ? asked : join(folder, "index.html");
  response.writeHead(200, { "content-type": TYPES[extname(at)] ?? "application/octet-stream" });
  createReadStream(at).pipe(response);
}
