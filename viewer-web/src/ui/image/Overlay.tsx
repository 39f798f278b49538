import { useTranslation } from "react-i18next";
import { isoDate, isoTime } from "../../model/dates";
import type { ImageStack } from "../../model/displaySet";
import type { PatientRecord } from "../../model/patient";
import { fullName } from "../../model/person";
import type { ViewportState } from "../../rendering/engine";

interface OverlayProps {
  readonly state: ViewportState;
  readonly stack: ImageStack;
  readonly patient: PatientRecord;
  readonly studyLabel: string;
  readonly prior: boolean;
  /** What is said of the image's own overlays. */
  readonly notes: React.ReactNode;
  /** The value that is read, first of what stands at the lower left. */
  readonly value: React.ReactNode;
  readonly children: React.ReactNode;
}

/** What is written on a picture: who, when, what, where in the stack, how it is windowed, which side is which. */
export function Overlay({ state, stack, patient, studyLabel, prior, notes, value, children }: OverlayProps): React.JSX.Element {
  const { t } = useTranslation();
  const frame = state.shown === null ? undefined : stack.frames[state.shown];
  const dated = frame ?? stack.frames[state.target];
  const { main, native } = fullName(patient.name);
  return (
    <div className="overlay">
      <div className="overlay-top overlay-left">
        <span className="strong">
          {main ?? t("patient.noName")} {native === null ? "" : native}
        </span>
        <span>
          {isoDate(patient.birthDate) ?? ""} {patient.sex ?? ""}
        </span>
        <span className="number">{patient.healthNumber?.value ?? patient.identifiers[0]?.value ?? ""}</span>
      </div>
      <div className="overlay-top overlay-right">
        <span className={prior ? "strong overlay-prior" : "strong"}>
          {prior ? `${t("viewport.prior")} ` : ""}
          {isoDate(dated?.acquired.date ?? null) ?? ""} {isoTime(dated?.acquired.time ?? null) ?? ""}
        </span>
        <span>{studyLabel}</span>
        <span>
          {stack.series.seriesNumber === null ? "" : `${t("viewport.series")} ${stack.series.seriesNumber} · `}
          {stack.series.modality} {stack.series.description ?? ""}
        </span>
      </div>
      {frame === undefined ? null : (
        <>
          {children}
          <div className="overlay-bottom overlay-left number">
            {value}
            <span data-testid="overlay-position">
              {t("viewport.image")} {(state.shown ?? 0) + 1} / {stack.frames.length}
            </span>
            {frame.sliceLocation === null ? null : <span>{t("viewport.location", { mm: frame.sliceLocation.toFixed(1) })}</span>}
            {frame.sliceThickness === null ? null : <span>{t("viewport.thickness", { mm: frame.sliceThickness.toFixed(1) })}</span>}
          </div>
          <div className="overlay-bottom overlay-right number">
            <span className="overlay-badges">
              {notes}
              {frame.laterality === null ? null : <span className="overlay-badge overlay-laterality">{frame.laterality}</span>}
              {state.inverted ? <span className="overlay-badge">{t("viewport.inverted")}</span> : null}
              {frame.served ? <span className="overlay-badge">{t("viewport.served")}</span> : null}
              {frame.lossy === null ? null : (
                <span className="overlay-badge overlay-lossy">
                  {t("viewport.lossy")}
                  {frame.lossy.ratio === null ? "" : ` ${frame.lossy.ratio.toFixed(0)}:1`}
                </span>
              )}
            </span>
            {state.window === null ? null : (
              <span data-testid="overlay-window">
                {t("viewport.width")} {state.window.width} {t("viewport.center")} {state.window.center}
              </span>
            )}
            <span>{t("viewport.zoom", { percent: Math.round(state.zoom * 100) })}</span>
          </div>
          {state.edges === null ? null : (
            <>
              <span className="edge edge-top">{state.edges.top}</span>
              <span className="edge edge-bottom">{state.edges.bottom}</span>
              <span className="edge edge-left">{state.edges.left}</span>
              <span className="edge edge-right">{state.edges.right}</span>
            </>
          )}
        </>
      )}
      <span role="status">{state.preview && state.shown !== null ? <span className="overlay-preview">{t("viewport.preview")}</span> : null}</span>
      {state.status === "loading" && state.shown !== null ? <span className="overlay-waiting">{t("viewport.loading", { number: state.target + 1 })}</span> : null}
    </div>
  );
}
