import type { ServiceError } from "../../dicomweb/errors";
import type { DisplaySet } from "../../model/displaySet";
import type { Series } from "../../model/study";

/** What one place of the grid holds. */
export type Pane =
  | { readonly kind: "empty" }
  | { readonly kind: "loading"; readonly series: Series }
  | { readonly kind: "failed"; readonly series: Series; readonly error: ServiceError }
  | { readonly kind: "shown"; readonly set: DisplaySet };

/** The grid: how many places are seen, what is in them, and which one is worked on. */
export interface Grid {
  readonly count: 1 | 4;
  readonly active: number;
  readonly panes: readonly [Pane, Pane, Pane, Pane];
}

const NOTHING: Pane = { kind: "empty" };
export const EMPTY_GRID: Grid = { count: 1, active: 0, panes: [NOTHING, NOTHING, NOTHING, NOTHING] };

export type GridAction =
  | { readonly kind: "activate"; readonly index: number }
  | { readonly kind: "layout"; readonly count: 1 | 4 }
  | { readonly kind: "place"; readonly index: number; readonly pane: Pane };

/** One step of the grid. A single place always shows the active one. */
export function stepGrid(grid: Grid, action: GridAction): Grid {
  switch (action.kind) {
    case "activate":
      return grid.active === action.index ? grid : { ...grid, active: action.index };
    case "layout":
      return { ...grid, count: action.count };
    case "place": {
      const [a, b, c, d] = grid.panes.map((pane, index) => (index === action.index ? action.pane : pane));
      return a === undefined || b === undefined || c === undefined || d === undefined ? grid : { ...grid, panes: [a, b, c, d] };
    }
  }
}

/** The places that are seen. */
export function visiblePanes(grid: Grid): readonly number[] {
  return grid.count === 1 ? [grid.active] : [0, 1, 2, 3];
}

/** The series that a place is about, whatever its state. */
export function seriesOfPane(pane: Pane): Series | null {
  if (pane.kind === "empty") return null;
  return pane.kind === "shown" ? pane.set.series : pane.series;
}

const DOCUMENTS = new Set(["SR", "DOC", "PR", "KO", "SEG", "RTSTRUCT", "RTPLAN", "RTRECORD", "REG", "PLAN", "AU"]);

/** True when a series is likely to hold pictures. */
export function isPictures(series: Series): boolean {
  return !DOCUMENTS.has(series.modality);
}

/** The series to begin with: pictures before documents, and a proper stack before a scout of a picture or two. */
export function firstSeries(series: readonly Series[]): Series | null {
  const pictures = series.filter(isPictures);
  return pictures.find((it) => (it.numberOfInstances ?? 0) > 3) ?? pictures[0] ?? series[0] ?? null;
}
