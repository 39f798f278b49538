import { useSyncExternalStore } from "react";
import type { Frame } from "../../../model/displaySet";
import type { Probe, ViewportHandle } from "../../../rendering/engine";
import { type ImageWords, useImageWords } from "./imageWords";
import type { ReadPoint } from "./point";
import { usePlacement } from "./usePlacement";

interface ValueLineProps {
  readonly handle: ViewportHandle;
  readonly frame: Frame;
  readonly point: ReadPoint;
}

/** The value at the point and where it is. What keys moved is read aloud; the pointer would never stop. */
export function ValueLine({ handle, frame, point }: ValueLineProps): React.JSX.Element {
  const words = useImageWords();
  const at = useSyncExternalStore(point.subscribe, point.get);
  usePlacement(handle); // a picture that moves below the point has another value there
  const text = at === null ? "" : textOf(handle.probe(at.x, at.y), frame, words);
  const isByKeys = at?.by === "keys";
  return (
    <>
      <span className="value-line number" data-testid="value" aria-hidden={isByKeys}>
        {text}
      </span>
      <span role="status" className="sr">
        {isByKeys ? text : ""}
      </span>
    </>
  );
}

/** Marks the point that keys move: it has no pointer to show where it is. */
export function ValuePoint({ point }: { readonly point: ReadPoint }): React.JSX.Element | null {
  const at = useSyncExternalStore(point.subscribe, point.get);
  return at?.by === "keys" ? <span className="value-point" aria-hidden="true" style={{ left: at.x, top: at.y }} /> : null;
}

function textOf(probe: Probe | null, frame: Frame, words: ImageWords): string {
  if (probe === null) return words.outside;
  const [first, second, third] = probe.values.map(words.number);
  const value = third === undefined ? (first === undefined ? words.noValue : `${first}${frame.unit === null ? "" : ` ${frame.unit}`}`) : `R ${first} G ${second} B ${third}`;
  return `${value} · ${words.pixel(probe.column, probe.row)}`;
}
