import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { InstanceAddress } from "../../model/displaySet";
import type { PatientRecord, PatientStudy } from "../../model/patient";
import type { Series } from "../../model/study";
import { priorsOf, type TimelineEntry } from "../../model/timeline";
import type { ToolName, ViewportHandle } from "../../rendering/engine";
import { Icon } from "../parts/Icon";
import { Link } from "../parts/Link";
import { Missing } from "../parts/Missing";
import { Notice } from "../parts/Notice";
import { PatientBanner } from "../parts/PatientBanner";
import type { Command } from "./commands";
import { HelpDialog } from "./HelpDialog";
import { useNewViewOptions, ViewOptionsContext } from "./layers/viewOptions";
import { firstSeries, isPictures, seriesOfPane } from "./panes";
import { ReportPanel } from "./ReportPanel";
import { StudyList } from "./StudyList";
import { Toolbar } from "./Toolbar";
import { useCine } from "./useCine";
import { useEngine } from "./useEngine";
import { useGrid } from "./useGrid";
import { useWarm } from "./useWarm";
import { ViewportGrid } from "./ViewportGrid";
import "../styles/viewport.css";
import "../styles/layers.css";

interface WorkstationProps {
  readonly patient: PatientRecord;
  readonly study: PatientStudy;
  readonly entries: readonly TimelineEntry[];
}

/** Where images are worked on: studies to the left, pictures in the middle, the report to the right. */
export function Workstation({ patient, study, entries }: WorkstationProps): React.JSX.Element {
  const { t } = useTranslation();
  const engine = useEngine();
  const { grid, dispatch, place, places, setsOf } = useGrid();
  const [tool, setTool] = useState<ToolName>("window");
  const [playing, setPlaying] = useState(false);
  const [reportOpen, setReportOpen] = useState(true);
  const [help, setHelp] = useState(false);
  const view = useNewViewOptions();
  const [handles, setHandles] = useState<ReadonlyMap<number, ViewportHandle>>(new Map());
  const known = useRef(new Map<string, Series>());
  const begun = useRef(false);
  const handle = handles.get(grid.active) ?? null;
  const active = seriesOfPane(grid.panes[grid.active] ?? { kind: "empty" });
  const priors = useMemo(() => priorsOf(entries, study).flatMap((entry) => (entry.kind === "study" ? [entry.study] : [])), [entries, study]);
  const placed = placesOf(grid);
  const stop = useCallback(() => setPlaying(false), []);
  useCine(handle, playing, stop);
  useWarm(study, priors[0], engine.kind === "ready" ? engine.engine : null);

  useEffect(() => {
    if (engine.kind === "ready") engine.engine.setTool(tool);
  }, [engine, tool]);
  useEffect(() => setPlaying(false), [active, grid.active]);

  const onHandle = useCallback((index: number, next: ViewportHandle | null) => {
    setHandles((old) => {
      const all = new Map(old);
      if (next === null) all.delete(index);
      else all.set(index, next);
      return all;
    });
  }, []);
  const onLoaded = useCallback(
    (series: readonly Series[]) => {
      for (const it of series) known.current.set(it.seriesInstanceUid, it);
      const first = firstSeries(series);
      if (begun.current || first === null || first.studyInstanceUid !== study.studyInstanceUid) return;
      begun.current = true;
      place(first, 0);
    },
    [place, study.studyInstanceUid],
  );
  const setCount = (count: 1 | 4): void => {
    dispatch({ kind: "layout", count });
    if (count === 4) fillEmpty(grid, [...known.current.values()], study.studyInstanceUid, place);
  };
  const onCommand = (command: Command): void => {
    if (command.kind === "tool") setTool(command.tool);
    else if (command.kind === "layout") setCount(grid.count === 1 ? 4 : 1);
    else if (command.kind === "cine") setPlaying((old) => !old);
    else if (command.kind === "report") setReportOpen((old) => !old);
    else if (command.kind === "help") setHelp(true);
    else if (command.kind === "view") view.toggle(command.option);
  };
  const onDrop = (index: number, seriesInstanceUid: string): void => {
    const series = known.current.get(seriesInstanceUid);
    if (series === undefined) return;
    dispatch({ kind: "activate", index });
    place(series, index);
  };
  const reported = patient.studies.find((it) => it.studyInstanceUid === active?.studyInstanceUid) ?? study;

  return (
    <ViewOptionsContext value={view}>
      <div className="workstation">
        <h1 className="sr">{t("titles.image")}</h1>
        <div className="workstation-top">
          <Link to={{ page: "patient", patientKey: patient.patientKey }} className="button button-quiet">
            <Icon name="back" size={15} />
            {t("image.toRecord")}
          </Link>
          <PatientBanner patient={patient} compact />
        </div>
        <Missing repositories={patient.missing} />
        {study.differingInstances > 0 ? <Notice tone="warning" title={t("image.differs", { count: study.differingInstances })} /> : null}
        <Toolbar
          handle={handle}
          tool={tool}
          onTool={setTool}
          count={grid.count}
          onCount={setCount}
          playing={playing}
          onPlay={() => setPlaying((old) => !old)}
          reportOpen={reportOpen}
          onReport={() => setReportOpen((old) => !old)}
          onHelp={() => setHelp(true)}
        />
        <div className={reportOpen ? "workstation-body workstation-body-report" : "workstation-body"}>
          <StudyList open={study} priors={priors} placed={placed} setsOf={setsOf} onOpen={(series, key) => place(series, grid.active, key)} onLoaded={onLoaded} />
          <div className="stage">
            {engine.kind === "failed" ? <Notice tone="problem" title={t("image.noEngine")} /> : null}
            <ViewportGrid
              grid={grid}
              engine={engine.kind === "ready" ? engine.engine : null}
              patient={patient}
              openStudy={study.studyInstanceUid}
              dispatch={dispatch}
              onHandle={onHandle}
              onCommand={onCommand}
              onDrop={onDrop}
              onInstance={(index, instance) => place(known.current.get(instance.seriesInstanceUid) ?? unlisted(instance), index, undefined, instance.sopInstanceUid)}
              places={places}
              onRetry={(index) => {
                const series = seriesOfPane(grid.panes[index] ?? { kind: "empty" });
                if (series !== null) place(series, index);
              }}
            />
            <p className="stage-notice">
              {t("image.notForDiagnosis")}
              {engine.kind === "ready" && engine.engine.software ? ` ${t("image.software")}` : ""}
            </p>
          </div>
          {reportOpen ? <ReportPanel key={`${reported.studyInstanceUid} ${patient.state}`} study={reported} reports={patient.reports.filter((it) => it.studyInstanceUids.includes(reported.studyInstanceUid) || reported.reports.includes(it.reportKey))} /> : null}
        </div>
        <HelpDialog open={help} onClose={() => setHelp(false)} />
      </div>
    </ViewOptionsContext>
  );
}

/** A series that no list has told of yet. */
function unlisted({ studyInstanceUid, seriesInstanceUid }: InstanceAddress): Series {
  return { studyInstanceUid, seriesInstanceUid, modality: "OT", seriesNumber: null, description: null, numberOfInstances: null };
}

/** Which series are in view, and in which places. */
function placesOf(grid: ReturnType<typeof useGrid>["grid"]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const index of grid.count === 1 ? [grid.active] : [0, 1, 2, 3]) {
    const series = seriesOfPane(grid.panes[index] ?? { kind: "empty" });
    if (series !== null) places.set(series.seriesInstanceUid, [...(places.get(series.seriesInstanceUid) ?? []), index]);
  }
  return places;
}

/** Fills the empty places with what follows in the study. */
function fillEmpty(grid: ReturnType<typeof useGrid>["grid"], series: readonly Series[], studyInstanceUid: string, place: (series: Series, index: number) => void): void {
  const shown = new Set(grid.panes.map((pane) => seriesOfPane(pane)?.seriesInstanceUid));
  const next = series.filter((it) => it.studyInstanceUid === studyInstanceUid && isPictures(it) && !shown.has(it.seriesInstanceUid));
  for (const [index, pane] of grid.panes.entries()) {
    const following = pane.kind === "empty" ? next.shift() : undefined;
    if (following !== undefined) place(following, index);
  }
}
