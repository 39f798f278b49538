import { Enums, eventTarget, type RenderingEngine, type StackViewport } from "@cornerstonejs/core";
import type { Frame, ImageStack } from "../../model/displaySet";
import type { Ahead, Placement, ViewportHandle, ViewportState } from "../engine";
import { bytesOf, type ImageBook, type ImageId } from "./images";
import type { Measures } from "./measures";
import { placementOf, probeAt } from "./plane";
import { createStore, EMPTY, type Store } from "./state";
import { applyWindow, edgesOf, flip, isInverted, panBy, rotate, upright, windowOf, zoomBy } from "./view";

/** What a viewport is made from. */
export interface ViewportParts {
  readonly rendering: RenderingEngine;
  readonly element: HTMLDivElement;
  readonly name: string;
  readonly book: ImageBook;
  readonly ahead: Ahead;
  readonly measures: Measures;
  /** What one stack may fill of the memory for pictures, in bytes. */
  readonly prefetchBytes: number;
}

/** A viewport with the end of its life. */
export interface Viewport extends ViewportHandle {
  readonly destroy: () => void;
}

/** Makes a stack viewport in `element`. */
export function createViewport(parts: ViewportParts): Viewport {
  const { rendering, element, name, book, ahead } = parts;
  rendering.enableElement({ viewportId: name, element, type: Enums.ViewportType.STACK });
  const viewport = rendering.getViewport(name) as StackViewport;
  const store = createStore<ViewportState>(EMPTY);
  let imageIds: readonly ImageId[] = [];
  const place = createStore<{ readonly placement: Placement | null }>({ placement: null });
  const stop = followEvents(parts, viewport, store, () => imageIds);
  const stopPlacing = followPlace(element, viewport, store, place, () => imageIds);

  const show = (stack: ImageStack, index: number): void => {
    imageIds = book.register(stack);
    store.patch({ ...EMPTY, stack, target: index, status: "loading" });
    const failed = (): void => {
      if (store.get().stack === stack) store.patch({ status: "failed", shown: null });
    };
    viewport.setStack([...imageIds], index).catch(failed);
    prefetch(parts, stack, imageIds, index);
  };
  const shownFrame = (): Frame | undefined => store.get().stack?.frames[store.get().shown ?? -1];
  const withImage = (action: () => void): void => {
    if (store.get().shown !== null) action();
  };

  return {
    state: store.get,
    subscribe: store.subscribe,
    placement: () => place.get().placement,
    followPlacement: place.subscribe,
    probe: (x, y) => {
      const { shown, preview } = store.get();
      const imageId = imageIds[shown ?? -1];
      return imageId === undefined || preview ? null : probeAt(viewport, imageId, x, y, shownFrame()?.served === false);
    },
    show,
    clear: () => {
      ahead.cancel(name);
      imageIds = [];
      store.patch(EMPTY);
    },
    retry: () => {
      const { stack, target } = store.get();
      if (stack !== null) show(stack, target);
    },
    scrollTo: (index) => scroll(viewport, store, Math.max(0, Math.min(imageIds.length - 1, index))),
    scrollBy: (delta) => scroll(viewport, store, Math.max(0, Math.min(imageIds.length - 1, store.get().target + delta))),
    setWindow: (window) => withImage(() => applyWindow(viewport, window)),
    resetWindow: () =>
      withImage(() => {
        const { invert = false } = viewport.getProperties(); // windows and inversion are chosen apart
        viewport.resetProperties();
        viewport.setProperties({ invert });
        viewport.render();
      }),
    invert: () =>
      withImage(() => {
        viewport.setProperties({ invert: viewport.getProperties().invert !== true });
        viewport.render();
        store.patch({ inverted: isInverted(viewport, shownFrame()) });
      }),
    rotate: () => withImage(() => rotate(viewport)),
    flip: (axis) => withImage(() => flip(viewport, axis)),
    zoomBy: (factor) => withImage(() => zoomBy(viewport, factor)),
    panBy: (right, down) => withImage(() => panBy(viewport, right, down)),
    fit: () =>
      withImage(() => {
        viewport.resetCamera({ resetPan: true, resetZoom: true });
        viewport.render();
      }),
    reset: () =>
      withImage(() => {
        viewport.resetProperties();
        upright(viewport);
        viewport.resetCamera();
        viewport.render();
        store.patch({ inverted: isInverted(viewport, shownFrame()) });
      }),
    placeLength: () => store.get().shown !== null && !store.get().preview && parts.measures.place(viewport),
    moveLengthEnd: (end, right, down) => parts.measures.moveEnd(viewport, end, right, down),
    removeLengths: () => parts.measures.removeAll(viewport),
    destroy: () => {
      ahead.cancel(name);
      stop();
      stopPlacing();
      rendering.disableElement(name);
    },
  };
}

/** Asks the viewport for another picture. Until it is there, the old one stays under its own, old label. */
function scroll(viewport: StackViewport, store: Store<ViewportState>, index: number): void {
  const { stack, target } = store.get();
  if (stack === null || index === target) return;
  store.patch({ target: index });
  viewport.scroll(index - viewport.getTargetImageIdIndex(), true);
}

function prefetch(parts: ViewportParts, stack: ImageStack, imageIds: readonly ImageId[], view: number): void {
  const frame = stack.frames[view];
  const room = frame === undefined ? 0 : Math.floor(parts.prefetchBytes / Math.max(1, bytesOf(frame)));
  parts.ahead.request(parts.name, imageIds, view, Math.max(1, room));
}

/** Keeps the state true to what the renderer tells. */
function followEvents(parts: ViewportParts, viewport: StackViewport, store: Store<ViewportState>, imageIds: () => readonly ImageId[]): () => void {
  const { element, book } = parts;
  const events = Enums.Events;
  const countReady = (): void => {
    store.patch({ ready: imageIds().filter(book.isReady).length });
  };
  const look = (): void => {
    const { stack, shown } = store.get();
    const frame = shown === null ? undefined : stack?.frames[shown];
    if (frame === undefined) return;
    store.patch({ window: windowOf(viewport), zoom: Math.round(viewport.getZoom() * 100) / 100, ...edgePatch(store, edgesOf(viewport, frame)) });
  };
  const asked = (event: Event): void => {
    if (store.get().stack !== null) store.patch({ status: "loading", target: detailOf(event).imageIdIndex ?? store.get().target });
  };
  const arrived = (event: Event): void => {
    const { stack, target } = store.get();
    const index = detailOf(event).imageIdIndex ?? target;
    if (stack === null || detailOf(event).imageId !== imageIds()[index]) return;
    store.patch({ status: "shown", preview: isPreview(event), shown: index, target: index, inverted: isInverted(viewport, stack.frames[index]) });
    look();
  };
  const failed = (event: Event): void => {
    const { imageId } = detailOf(event);
    // The label of the picture that failed must not stand over another picture.
    if (imageId !== undefined && imageId === imageIds()[store.get().target]) store.patch({ status: "failed", shown: null });
  };
  const scrolled = (event: Event): void => {
    store.patch({ target: (event as CustomEvent<{ newImageIdIndex: number }>).detail.newImageIdIndex });
  };
  const here = [
    [events.PRE_STACK_NEW_IMAGE, asked],
    [events.STACK_NEW_IMAGE, arrived],
    [events.STACK_VIEWPORT_SCROLL, scrolled],
    [events.VOI_MODIFIED, look],
    [events.CAMERA_MODIFIED, look],
    [events.IMAGE_RENDERED, look],
  ] as const;
  const everywhere = [
    [events.IMAGE_LOAD_ERROR, failed],
    [events.IMAGE_CACHE_IMAGE_ADDED, countReady],
    [events.IMAGE_CACHE_IMAGE_REMOVED, countReady],
  ] as const;
  for (const [type, listener] of here) element.addEventListener(type, listener);
  for (const [type, listener] of everywhere) eventTarget.addEventListener(type, listener);
  return () => {
    for (const [type, listener] of here) element.removeEventListener(type, listener);
    for (const [type, listener] of everywhere) eventTarget.removeEventListener(type, listener);
  };
}

/** Keeps the placement true to what is on the screen. */
function followPlace(element: HTMLDivElement, viewport: StackViewport, store: Store<ViewportState>, place: Store<{ readonly placement: Placement | null }>, imageIds: () => readonly ImageId[]): () => void {
  const look = (): void => {
    const imageId = imageIds()[store.get().shown ?? -1];
    const placement = imageId === undefined ? null : placementOf(viewport, imageId);
    const old = place.get().placement;
    const isSame = old !== null && placement !== null && old.every((value, at) => value === placement[at]);
    if (!isSame) place.patch({ placement });
  };
  const types = [Enums.Events.CAMERA_MODIFIED, Enums.Events.IMAGE_RENDERED];
  for (const type of types) element.addEventListener(type, look);
  const stop = store.subscribe(look);
  return () => {
    stop();
    for (const type of types) element.removeEventListener(type, look);
  };
}

/** What the renderer says with an event of a picture. */
function detailOf(event: Event): { readonly imageId?: string; readonly imageIdIndex?: number } {
  return (event as CustomEvent<{ imageId?: string; imageIdIndex?: number }>).detail;
}

/** Whether the picture of an event is one that better ones follow. */
function isPreview(event: Event): boolean {
  const quality = (event as CustomEvent<{ image?: { imageQualityStatus?: Enums.ImageQualityStatus } }>).detail.image?.imageQualityStatus;
  return quality !== undefined && quality < Enums.ImageQualityStatus.FULL_RESOLUTION;
}

function edgePatch(store: Store<ViewportState>, edges: ViewportState["edges"]): Partial<ViewportState> {
  const old = store.get().edges;
  const same = old !== null && edges !== null && old.left === edges.left && old.right === edges.right && old.top === edges.top && old.bottom === edges.bottom;
  return same ? {} : { edges };
}
