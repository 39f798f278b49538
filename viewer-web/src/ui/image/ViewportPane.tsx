/* oxlint-disable jsx-a11y/no-noninteractive-tabindex -- a viewport is worked on by keyboard */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ImageStack } from "../../model/displaySet";
import type { PatientRecord } from "../../model/patient";
import type { ImageEngine, ViewportHandle } from "../../rendering/engine";
import { applyKey, type Command } from "./commands";
import { FrameLayers } from "./layers/FrameLayers";
import { LayerNotes } from "./layers/LayerNotes";
import { moveReadPoint, useReadPoint } from "./layers/point";
import { ScaleLine } from "./layers/ScaleLine";
import { usePlanes } from "./layers/usePlanes";
import { ValueLine, ValuePoint } from "./layers/ValueLine";
import { useViewOptions } from "./layers/viewOptions";
import { Overlay } from "./Overlay";
import { PaneMessage } from "./PaneMessage";
import { StackSlider } from "./StackSlider";
import { useViewport } from "./useEngine";

interface ViewportPaneProps {
  readonly engine: ImageEngine;
  readonly index: number;
  readonly stack: ImageStack;
  readonly patient: PatientRecord;
  readonly studyLabel: string;
  readonly prior: boolean;
  readonly onHandle: (index: number, handle: ViewportHandle | null) => void;
  readonly onCommand: (command: Command) => void;
  /** Where each stack was left, so that another layout shows the same picture. */
  readonly places: WeakMap<ImageStack, number>;
}

/** One stack with everything written on it. The picture is drawn outside the components, into the element given here. */
export function ViewportPane({ engine, index, stack, patient, studyLabel, prior, onHandle, onCommand, places }: ViewportPaneProps): React.JSX.Element {
  const { t } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  const [handle, setHandle] = useState<ViewportHandle | null>(null);
  const state = useViewport(handle);
  useAttachment(engine, index, element, setHandle, onHandle);
  useWheel(element, handle);
  const { shown } = useViewOptions();
  const frame = state.shown === null ? undefined : stack.frames[state.shown];
  const planes = usePlanes(frame);
  const point = useReadPoint(element);

  useEffect(() => {
    if (handle === null) return;
    handle.show(stack, places.get(stack) ?? stack.start);
    return () => {
      places.set(stack, handle.state().target);
    };
  }, [handle, stack, places]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (handle === null) return;
    const command = applyKey(event, handle, stack.series.modality);
    if (command === null) return;
    event.preventDefault();
    if (command.kind === "point") moveReadPoint(point, element.current, handle, command.right, command.down);
    else if (command.kind !== "done") onCommand(command);
  };
  const position = state.shown === null ? t("viewport.noImage") : t("viewport.position", { number: state.shown + 1, count: stack.frames.length });

  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application of its own: its keys are listed in the help */}
      <div
        className="viewport"
        role="application"
        tabIndex={0}
        aria-label={t("viewport.label", { number: index + 1, series: stack.series.description ?? stack.series.modality, position })}
        aria-describedby={`viewport-help`}
        data-testid={`viewport-${index}`}
        data-status={state.status}
        data-shown={state.shown ?? ""}
        data-quality={state.shown === null ? "" : state.preview ? "preview" : "full"}
        onKeyDown={onKeyDown}
        onContextMenu={(event) => event.preventDefault()}
        onDoubleClick={() => onCommand({ kind: "layout" })}
      >
        <div ref={element} className={state.shown === null ? "viewport-canvas viewport-canvas-hidden" : "viewport-canvas"} />
      </div>
      {handle === null || frame === undefined || !shown.has("layers") ? null : <FrameLayers handle={handle} frame={frame} planes={planes} />}
      <Overlay
        state={state}
        stack={stack}
        patient={patient}
        studyLabel={studyLabel}
        prior={prior}
        notes={frame === undefined ? null : <LayerNotes frame={frame} planes={planes} isShown={shown.has("layers")} />}
        value={handle === null || frame === undefined || !shown.has("values") ? null : <ValueLine handle={handle} frame={frame} point={point} />}
      >
        {shown.has("values") ? <ValuePoint point={point} /> : null}
        {handle === null || frame === undefined || !shown.has("scale") ? null : <ScaleLine handle={handle} calibration={frame.calibration} />}
      </Overlay>
      {state.status === "failed" ? (
        <PaneMessage tone="problem" title={t("viewport.failed", { number: state.target + 1 })} text={t("viewport.failedRemedy")} onRetry={() => handle?.retry()} />
      ) : null}
      {state.status === "loading" && state.shown === null ? <PaneMessage tone="quiet" title={t("viewport.loading", { number: state.target + 1 })} /> : null}
      {stack.frames.length < 2 || handle === null ? null : <StackSlider state={state} count={stack.frames.length} onChange={handle.scrollTo} />}
    </>
  );
}

/** Enables the element once it is there, and disables it when it goes. */
function useAttachment(
  engine: ImageEngine,
  index: number,
  element: React.RefObject<HTMLDivElement | null>,
  setHandle: (handle: ViewportHandle | null) => void,
  onHandle: (index: number, handle: ViewportHandle | null) => void,
): void {
  useEffect(() => {
    const here = element.current;
    if (here === null) return;
    const name = `pane-${index}`;
    const handle = engine.attach(here, name);
    setHandle(handle);
    onHandle(index, handle);
    return () => {
      onHandle(index, null);
      engine.detach(name);
    };
  }, [engine, index, element, setHandle, onHandle]);
}

/** Pixels of a fine wheel or track pad that make one picture. */
const WHEEL_STEP = 40;

/** The wheel scrolls the stack, one picture a notch, and never the page. */
function useWheel(element: React.RefObject<HTMLDivElement | null>, handle: ViewportHandle | null): void {
  useEffect(() => {
    const here = element.current;
    if (here === null || handle === null) return;
    let rest = 0;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const notch = event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL || Math.abs(event.deltaY) >= WHEEL_STEP;
      rest = notch ? 0 : rest + event.deltaY;
      if (notch) handle.scrollBy(Math.sign(event.deltaY));
      else if (Math.abs(rest) >= WHEEL_STEP) {
        handle.scrollBy(Math.sign(rest));
        rest = 0;
      }
    };
    here.addEventListener("wheel", onWheel, { passive: false });
    return () => here.removeEventListener("wheel", onWheel);
  }, [element, handle]);
}
