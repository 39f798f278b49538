import { useCallback, useEffect, useReducer, useRef } from "react";
import { loadSeries } from "../../loading/series";
import type { DisplaySet } from "../../model/displaySet";
import type { Series } from "../../model/study";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";
import { EMPTY_GRID, type Grid, type GridAction, stepGrid } from "./panes";

/** The grid with what it takes to fill it. */
export interface GridControl {
  readonly grid: Grid;
  readonly dispatch: (action: GridAction) => void;
  /** Puts a series into a place; its first display set, or the one of `key`. */
  readonly place: (series: Series, index: number, key?: string) => void;
  /** The display sets of a series that was opened before. */
  readonly setsOf: (seriesInstanceUid: string) => readonly DisplaySet[];
}

/** Holds the grid, and the metadata of the series that were opened. */
export function useGrid(): GridControl {
  const { http } = useServices();
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
    (series: Series, index: number, key?: string) => {
      waiting.current.get(index)?.abort();
      const show = (sets: readonly DisplaySet[]): void => {
        const set = sets.find((it) => it.key === key) ?? sets[0];
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
    [http],
  );

  return { grid, dispatch, place, setsOf: useCallback((uid) => known.current.get(uid) ?? [], []) };
}
