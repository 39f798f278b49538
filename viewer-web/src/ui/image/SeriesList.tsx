import { useState } from "react";
import { useTranslation } from "react-i18next";
import { searchSeries, thumbnailAddress } from "../../dicomweb/client";
import type { DisplaySet } from "../../model/displaySet";
import type { Series } from "../../model/study";
import { Failure } from "../parts/Failure";
import { Icon } from "../parts/Icon";
import { useServices } from "../services";
import { useLoad } from "../useLoad";
import { isPictures } from "./panes";

/** How a series is named while it is dragged. The value is a key of this page, nothing about a person. */
export const DRAGGED = "application/x-dics-series";

interface SeriesListProps {
  readonly studyInstanceUid: string;
  /** Series that are in view, with the place they are in. */
  readonly placed: ReadonlyMap<string, readonly number[]>;
  readonly setsOf: (seriesInstanceUid: string) => readonly DisplaySet[];
  readonly onOpen: (series: Series, key?: string) => void;
  readonly onLoaded: (series: readonly Series[]) => void;
}

/** The series of one study. A click or Enter puts one into the active place; dragging puts it into another. */
export function SeriesList({ studyInstanceUid, placed, setsOf, onOpen, onLoaded }: SeriesListProps): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [series, reload] = useLoad(
    async (signal) => {
      const found = await searchSeries(http, studyInstanceUid, signal);
      onLoaded(found);
      return found;
    },
    [http, studyInstanceUid, onLoaded],
  );
  if (series.kind === "failed") return <Failure error={series.error} retry={reload} />;
  const found = series.kind === "ready" ? series.value : series.previous;
  if (found === null) return <p className="waiting">{t("common.loading")}</p>;
  if (found.length === 0) return <p className="muted pad">{t("image.noSeries")}</p>;
  return (
    <ul className="series-list">
      {found.map((it) => (
        <SeriesItem key={it.seriesInstanceUid} series={it} places={placed.get(it.seriesInstanceUid) ?? []} sets={setsOf(it.seriesInstanceUid)} onOpen={onOpen} />
      ))}
    </ul>
  );
}

interface SeriesItemProps {
  readonly series: Series;
  readonly places: readonly number[];
  readonly sets: readonly DisplaySet[];
  readonly onOpen: (series: Series, key?: string) => void;
}

function SeriesItem({ series, places, sets, onOpen }: SeriesItemProps): React.JSX.Element {
  const { t } = useTranslation();
  const [picture, setPicture] = useState(isPictures(series));
  return (
    <li>
      <button
        type="button"
        className={places.length > 0 ? "series series-placed" : "series"}
        draggable
        onDragStart={(event) => event.dataTransfer.setData(DRAGGED, series.seriesInstanceUid)}
        onClick={() => onOpen(series)}
        data-testid="series"
      >
        <span className="series-picture">
          {picture ? (
            <img src={thumbnailAddress(series.studyInstanceUid, series.seriesInstanceUid)} alt="" loading="lazy" draggable={false} onError={() => setPicture(false)} />
          ) : (
            <span className="series-icon">
              <Icon name={isPictures(series) ? "images" : "report"} size={26} />
            </span>
          )}
          <span className="series-modality">{series.modality}</span>
          {places.map((place) => (
            <span key={place} className="series-place">
              {place + 1}
            </span>
          ))}
        </span>
        <span className="series-text">
          <span>{series.description ?? t("common.noDescription")}</span>
          <span className="faint number">
            {series.seriesNumber === null ? "" : `${t("viewport.series")} ${series.seriesNumber} · `}
            {series.numberOfInstances === null ? "" : t("image.instances", { count: series.numberOfInstances })}
          </span>
        </span>
      </button>
      {sets.length < 2 ? null : (
        <ul className="series-parts">
          {sets.map((set, at) => (
            <li key={set.key}>
              <button type="button" className="button button-small" onClick={() => onOpen(series, set.key)}>
                {set.kind === "document" ? t("image.document", { number: at + 1 }) : t("image.part", { number: at + 1, count: set.frames.length })}
              </button>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
