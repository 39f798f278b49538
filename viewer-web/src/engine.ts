/** Everything that draws, in one chunk of its own: the page's shell loads it only when there is a picture to show. */
import { cache, imageLoader, imageLoadPoolManager, imageRetrievalPoolManager, init as initCore, RenderingEngine, Enums, getShouldUseCPURendering, utilities } from "@cornerstonejs/core";
import { init as initLoader } from "@cornerstonejs/dicom-image-loader";
import { init as initTools } from "@cornerstonejs/tools";
import { drawnFrameAddress, frameAddress } from "./dicomweb/client";
import type { Http } from "./dicomweb/http";
import { AHEAD, retrieveInParts, VISIBLE } from "./dicomweb/parts";
import { createPrefetcher } from "./loading/prefetcher";
import { createImageBook } from "./rendering/cornerstone/images";
import { createLargeImages } from "./rendering/cornerstone/large";
import { createMeasures } from "./rendering/cornerstone/measures";
import { registerCleanLoader } from "./rendering/cornerstone/unused";
import { createViewport, type Viewport } from "./rendering/cornerstone/viewport";
import type { ImageEngine } from "./rendering/engine";
import { createToolGroup } from "./tools/group";

const NAME = "dics";
const NOT_IN_VIEW = "not in view";
const MEGABYTE = 1024 * 1024;

/** Starts the renderer. A page that uses much memory is ended by small devices, so they get less of it. */
export function createEngine(http: Http): ImageEngine {
  const small = navigator.maxTouchPoints > 1 && Math.min(screen.width, screen.height) < 900;
  const cacheBytes = (small ? 200 : 512) * MEGABYTE;
  quietLateFailures();
  quietLogs();
  initCore();
  // What is fetched ahead gives way to what is looked at, here and at the server (RFC 9218).
  const asAhead = new Set<string>();
  initLoader({
    maxWebWorkers: Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1)),
    beforeSend: (_, imageId) => ({ priority: asAhead.has(imageId) ? AHEAD : VISIBLE }),
  });
  initTools();
  cache.setMaxCacheSize(cacheBytes);
  // A browser lets six requests through at a time over HTTP/1.1; a picture that someone looks at must find a free one.
  imageRetrievalPoolManager.setMaxSimultaneousRequests(Enums.RequestType.Interaction, 100);
  imageRetrievalPoolManager.setMaxSimultaneousRequests(Enums.RequestType.Prefetch, 4);
  imageLoadPoolManager.setMaxSimultaneousRequests(Enums.RequestType.Interaction, 100);

  const rendering = new RenderingEngine(NAME);
  const book = createImageBook((frame) => (frame.served ? drawnFrameAddress : frameAddress)(frame.instance, frame.frameNumber));
  registerCleanLoader(book);
  const measures = createMeasures(book);
  const tools = createToolGroup((imageId, points) => measures.textFor(imageId, points));
  const large = createLargeImages(book, (frame) => retrieveInParts(http, frameAddress(frame.instance, frame.frameNumber), VISIBLE));
  const loadAhead = async (imageId: string): Promise<unknown> => {
    if (large.isLarge(imageId)) return large.load(imageId);
    asAhead.add(imageId);
    return imageLoader.loadAndCacheImage(imageId, { requestType: Enums.RequestType.Prefetch, priority: 0 }).finally(() => asAhead.delete(imageId));
  };
  const ahead = createPrefetcher(loadAhead, 4);
  const viewports = new Map<string, { readonly viewport: Viewport; readonly observer: ResizeObserver }>();
  tools.choose("window");

  return {
    software: getShouldUseCPURendering(),
    attach: (element, name) => {
      const viewport = createViewport({ rendering, element, name, book, ahead, measures, prefetchBytes: cacheBytes * 0.6 });
      tools.add(name, NAME);
      const observer = new ResizeObserver(() => rendering.resize(true, true));
      observer.observe(element);
      viewports.set(name, { viewport, observer });
      return viewport;
    },
    detach: (name) => {
      const known = viewports.get(name);
      known?.observer.disconnect();
      tools.remove(name, NAME);
      known?.viewport.destroy();
      viewports.delete(name);
    },
    setTool: tools.choose,
    fetchAhead: (stack, limit) => ahead.request(NOT_IN_VIEW, book.register(stack), stack.start, limit),
    stopFetchingAhead: () => ahead.cancel(NOT_IN_VIEW),
    setLengthText: measures.setText,
  };
}

/** The libraries name images by address in what they log; the console of a shared station must not keep that. */
function quietLogs(): void {
  const all: unknown = utilities.logger.log.getLoggers?.() ?? {};
  for (const logger of Object.values(all as Record<string, { setLevel?: (level: string, persist: boolean) => void }>)) logger.setLevel?.("silent", false);
}

/** A frame that failed is told in its viewport; the loader's own copy of that failure must not put addresses into the console. */
function quietLateFailures(): void {
  addEventListener("unhandledrejection", (event) => {
    if (event.reason instanceof XMLHttpRequest) event.preventDefault();
  });
}
