import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { loadSeries } from "../../loading/series";
import type { DisplaySet, ImageStack } from "../../model/displaySet";
import type { Series } from "../../model/study";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { EMPTY_GRID, type Grid, type GridAction, stepGrid } from "./panes";

/** The grid with what it takes to fill it. */
export interface GridControl {
  readonly grid: Grid;
  readonly dispatch: (action: GridAction) => void;
  /** Puts a series into a place; its first display set, or the one of `key`, or the one that holds an instance, which is shown first. */
  readonly place: (series: Series, index: number, key?: string, sopInstanceUid?: string) => void;
  /** Where each stack was left, or is to begin. */
  readonly places: WeakMap<ImageStack, number>;
  /** The display sets of a series that was opened before. */
  readonly setsOf: (seriesInstanceUid: string) => readonly DisplaySet[];
}

function holds(set: DisplaySet, sopInstanceUid: string | undefined): boolean {
  return set.kind === "stack" ? set.frames.some((frame) => frame.instance.sopInstanceUid === sopInstanceUid) : set.instance.sopInstanceUid === sopInstanceUid;
}

/** Holds the grid, and the metadata of the series that were opened. */
export function useGrid(): GridControl {
  const { http } = useServices();
  const [places] = useState(() => new WeakMap<ImageStack, number>());
  const [grid, dispatch] = useReducer(stepGrid, EMPTY_GRID);
  const known = useRef(new Map<string, readonly DisplaySet[]>());
  const waiting = useRef(new Map<number, AbortController>());

  useEffect(() => {
    const controllers = waiting.current;
    return () => {
      for (const controller of controllers.values()) controller.abort();
    };
  }, []);

  const place = useCallback(
    (series: Series, index: number, key?: string, sopInstanceUid?: string) => {
      waiting.current.get(index)?.abort();
      const show = (sets: readonly DisplaySet[]): void => {
        const set = sets.find((it) => it.key === key || holds(it, sopInstanceUid)) ?? sets[0];
        if (set?.kind === "stack" && sopInstanceUid !== undefined) places.set(set, Math.max(0, set.frames.findIndex((frame) => frame.instance.sopInstanceUid === sopInstanceUid)));
        dispatch({ kind: "place", index, pane: set === undefined ? { kind: "empty" } : { kind: "shown", set } });
      };
      const ready = known.current.get(series.seriesInstanceUid);
      if (ready !== undefined) {
        show(ready);
        return;
      }
      const controller = new AbortController();
      waiting.current.set(index, controller);
      dispatch({ kind: "place", index, pane: { kind: "loading", series } });
      loadSeries(http, series, controller.signal).then(
        (sets) => {
          known.current.set(series.seriesInstanceUid, sets);
          if (!controller.signal.aborted) show(sets);
        },
        (cause: unknown) => {
          if (!controller.signal.aborted) dispatch({ kind: "place", index, pane: { kind: "failed", series, error: asServiceError(cause) } });
        },
      );
    },
    [http, places],
  );

  return { grid, dispatch, place, places, setsOf: useCallback((uid) => known.current.get(uid) ?? [], []) };
}
