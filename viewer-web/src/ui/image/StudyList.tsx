import { useState } from "react";
import { useTranslation } from "react-i18next";
import { isoDate } from "../../model/dates";
import type { DisplaySet } from "../../model/displaySet";
import type { PatientStudy } from "../../model/patient";
import type { Series } from "../../model/study";
import { Modalities, Regions } from "../parts/Chips";
import { Icon } from "../parts/Icon";
import { SeriesList } from "./SeriesList";

interface StudyListProps {
  readonly open: PatientStudy;
  readonly priors: readonly PatientStudy[];
  readonly placed: ReadonlyMap<string, readonly number[]>;
  readonly setsOf: (seriesInstanceUid: string) => readonly DisplaySet[];
  readonly onOpen: (series: Series, key?: string) => void;
  readonly onLoaded: (series: readonly Series[]) => void;
}

/** The study that was opened, unfolded, and below it the patient's others, the most alike first. */
export function StudyList({ open, priors, placed, setsOf, onOpen, onLoaded }: StudyListProps): React.JSX.Element {
  const { t } = useTranslation();
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set([open.studyInstanceUid]));
  const toggle = (uid: string): void =>
    setUnfolded((old) => {
      const next = new Set(old);
      if (!next.delete(uid)) next.add(uid);
      return next;
    });
  const one = (study: PatientStudy, current: boolean): React.JSX.Element => {
    const isOpen = unfolded.has(study.studyInstanceUid);
    return (
      <li key={study.studyInstanceUid} className={current ? "study study-current" : "study"}>
        <button type="button" className="study-head" aria-expanded={isOpen} onClick={() => toggle(study.studyInstanceUid)} data-testid={current ? "study-current" : "study-prior"}>
          <span className={isOpen ? "study-fold study-fold-open" : "study-fold"}>
            <Icon name="forward" size={13} />
          </span>
          <span className="study-text">
            <span className="strong">{study.description ?? t("common.noDescription")}</span>
            <span className="study-line">
              <span className="number">{isoDate(study.studyDate) ?? t("common.dateNotGiven")}</span>
              <Modalities codes={study.modalities} />
              <Regions codes={study.regions} />
            </span>
          </span>
        </button>
        {isOpen ? <SeriesList studyInstanceUid={study.studyInstanceUid} placed={placed} setsOf={setsOf} onOpen={onOpen} onLoaded={onLoaded} /> : null}
      </li>
    );
  };
  return (
    <nav className="studies" aria-label={t("image.studies")}>
      <h2>{t("image.thisStudy")}</h2>
      <ul>{one(open, true)}</ul>
      <h2>
        {t("image.priors")} <span className="faint">{priors.length}</span>
      </h2>
      {priors.length === 0 ? <p className="muted pad">{t("image.noPriors")}</p> : <ul>{priors.map((study) => one(study, false))}</ul>}
    </nav>
  );
}
