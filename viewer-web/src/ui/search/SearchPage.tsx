import { useRef, useState } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { searchStudies, type StudyPage } from "../../dicomweb/client";
import { EVERYTHING, type StudySearch } from "../../dicomweb/query";
import type { ServiceError } from "../../dicomweb/errors";
import type { LaunchChoice } from "../../model/session";
import type { StudyRow } from "../../model/study";
import { locateStudy } from "../../service/records";
import { Chooser } from "../launch/LaunchPage";
import { Failure } from "../parts/Failure";
import { Icon } from "../parts/Icon";
import { useServices } from "../services";
import { asServiceError, type Loaded, useLoad } from "../useLoad";
import { SearchForm } from "./SearchForm";
import { StudyTable } from "./StudyTable";
import { Warnings } from "./Warnings";

/** Search across the regions. Without a question it shows the newest studies. */
export function SearchPage(): React.JSX.Element {
  const { http, router, lastSearch } = useServices();
  const { t } = useTranslation();
  const [search, setSearch] = useState<StudySearch>(lastSearch.get() ?? EVERYTHING);
  const [page, reload] = useLoad((signal) => searchStudies(http, search, signal), [http, search]);
  const [opening, setOpening] = useState<{ readonly choices: readonly LaunchChoice[] } | { readonly error: ServiceError } | null>(null);
  const controller = useRef<AbortController | null>(null);

  const ask = (next: StudySearch): void => {
    lastSearch.set(next);
    setOpening(null);
    setSearch(next);
  };
  const open = (row: StudyRow): void => {
    controller.current?.abort();
    controller.current = new AbortController();
    locateStudy(http, row.studyInstanceUid, controller.current.signal).then(
      (found) => {
        if (found.kind === "choose") setOpening({ choices: found.choices });
        else router.go({ page: "patient", patientKey: found.patientKey });
      },
      (cause: unknown) => setOpening({ error: asServiceError(cause) }),
    );
  };

  return (
    <div className="page">
      <h1 className="page-title">{t("titles.search")}</h1>
      <SearchForm initial={search} onSearch={ask} />
      {opening === null ? null : "error" in opening ? <Failure error={opening.error} /> : <Chooser choices={opening.choices} />}
      <Results page={page} search={search} reload={reload} onPage={(offset) => ask({ ...search, offset })} onOpen={open} />
    </div>
  );
}

interface ResultsProps {
  readonly page: Loaded<StudyPage>;
  readonly search: StudySearch;
  readonly reload: () => void;
  readonly onPage: (offset: number) => void;
  readonly onOpen: (row: StudyRow) => void;
}

function Results({ page, search, reload, onPage, onOpen }: ResultsProps): React.JSX.Element {
  const { t } = useTranslation();
  if (page.kind === "failed") return <Failure error={page.error} retry={reload} />;
  const shown = page.kind === "ready" ? page.value : page.previous;
  if (shown === null) return <p className="waiting">{t("search.searching")}</p>;
  const more = shown.warnings.find((warning) => warning.kind === "more");
  const hasMore = more !== undefined || shown.rows.length >= search.limit;
  return (
    <div aria-busy={page.kind === "loading"} className="results">
      <Warnings warnings={shown.warnings} />
      <div className="pager">
        <output data-testid="result-count">
          {isLatest(search) ? <strong>{t("search.latest")} </strong> : null}
          {shown.rows.length === 0 ? t("search.none") : t("search.shown", { from: search.offset + 1, to: search.offset + shown.rows.length })}
          {more?.kind === "more" && more.count !== null ? ` ${t("search.more", { count: more.count })}` : ""}
        </output>
        <Button className="button button-small" isDisabled={search.offset === 0} onPress={() => onPage(Math.max(0, search.offset - search.limit))}>
          <Icon name="back" size={14} />
          {t("search.previous")}
        </Button>
        <Button className="button button-small" isDisabled={!hasMore} onPress={() => onPage(search.offset + search.limit)}>
          {t("search.next")}
          <Icon name="forward" size={14} />
        </Button>
      </div>
      {shown.rows.length === 0 ? (
        <div className="empty">
          <Icon name="search" size={30} />
          <p>{t(isLatest(search) ? "search.emptyService" : "search.emptyRemedy")}</p>
        </div>
      ) : (
        <StudyTable rows={shown.rows} onOpen={onOpen} />
      )}
    </div>
  );
}

function isLatest(search: StudySearch): boolean {
  return Object.entries(EVERYTHING).every(([field, value]) => field === "offset" || search[field as keyof StudySearch] === value);
}
