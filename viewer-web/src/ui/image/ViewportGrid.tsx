import { useTranslation } from "react-i18next";
import type { ImageStack, InstanceAddress } from "../../model/displaySet";
import type { PatientRecord } from "../../model/patient";
import type { ImageEngine, ViewportHandle } from "../../rendering/engine";
import { PaneMessage } from "./PaneMessage";
import type { Command } from "./commands";
import { DocumentView } from "./DocumentView";
import { type Grid, type GridAction, type Pane, visiblePanes } from "./panes";
import { DRAGGED } from "./SeriesList";
import { ViewportPane } from "./ViewportPane";

interface ViewportGridProps {
  readonly grid: Grid;
  readonly engine: ImageEngine | null;
  readonly patient: PatientRecord;
  readonly openStudy: string;
  readonly dispatch: (action: GridAction) => void;
  readonly onHandle: (index: number, handle: ViewportHandle | null) => void;
  readonly onCommand: (command: Command) => void;
  readonly onDrop: (index: number, seriesInstanceUid: string) => void;
  readonly onRetry: (index: number) => void;
  /** Opens the series of an instance at it. */
  readonly onInstance: (index: number, instance: InstanceAddress) => void;
  /** Where each stack was left, or is to begin. */
  readonly places: WeakMap<ImageStack, number>;
}

/** The places for pictures, one or four. */
export function ViewportGrid(props: ViewportGridProps): React.JSX.Element {
  const { grid, dispatch, onDrop } = props;
  const { t } = useTranslation();
  return (
    <div className={grid.count === 1 ? "grid" : "grid grid-four"}>
      <p id="viewport-help" className="sr">
        {t("viewport.help")}
      </p>
      {visiblePanes(grid).map((index) => (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it follows the focus of what is inside and takes what is dropped
        <section
          key={index}
          className={index === grid.active && grid.count > 1 ? "pane pane-active" : "pane"}
          aria-label={t("viewport.place", { number: index + 1 })}
          onFocus={() => dispatch({ kind: "activate", index })}
          onPointerDownCapture={() => dispatch({ kind: "activate", index })}
          onDragOver={(event) => {
            if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
          }}
          onDrop={(event) => {
            event.preventDefault();
            onDrop(index, event.dataTransfer.getData(DRAGGED));
          }}
        >
          <PaneBody {...props} index={index} pane={grid.panes[index] ?? { kind: "empty" }} />
        </section>
      ))}
    </div>
  );
}

function PaneBody({ index, pane, engine, patient, openStudy, dispatch, onHandle, onCommand, onRetry, onInstance, places }: ViewportGridProps & { readonly index: number; readonly pane: Pane }): React.JSX.Element {
  const { t } = useTranslation();
  if (pane.kind === "empty") {
    return (
      <button type="button" className="pane-empty" onClick={() => dispatch({ kind: "activate", index })}>
        {t("viewport.empty")}
      </button>
    );
  }
  if (pane.kind === "failed") return <PaneMessage tone="problem" title={t(`trouble.${pane.error.trouble}.title`)} text={t(`trouble.${pane.error.trouble}.remedy`)} onRetry={() => onRetry(index)} />;
  if (pane.kind === "loading" || engine === null) return <PaneMessage tone="quiet" title={t("viewport.loadingSeries")} />;
  if (pane.set.kind === "document") return <DocumentView key={pane.set.key} set={pane.set} onOpen={(instance) => onInstance(index, instance)} />;
  const { set } = pane;
  const study = patient.studies.find((it) => it.studyInstanceUid === set.series.studyInstanceUid);
  return (
    <ViewportPane
      engine={engine}
      index={index}
      stack={set}
      patient={patient}
      studyLabel={study?.description ?? ""}
      prior={set.series.studyInstanceUid !== openStudy}
      onHandle={onHandle}
      onCommand={onCommand}
      places={places}
    />
  );
}
