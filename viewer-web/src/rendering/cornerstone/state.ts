import type { ViewportState } from "../engine";

/** A value that listeners follow. */
export interface Store<T> {
  readonly get: () => T;
  readonly patch: (change: Partial<T>) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export const EMPTY: ViewportState = { stack: null, shown: null, target: 0, status: "empty", preview: false, window: null, inverted: false, zoom: 1, edges: null, ready: 0 };

/** A store that tells its listeners only when something is different. */
export function createStore<T extends object>(initial: T): Store<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    patch: (change) => {
      const keys = Object.keys(change) as (keyof T)[];
      if (keys.every((key) => Object.is(current[key], change[key]))) return;
      current = { ...current, ...change };
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
