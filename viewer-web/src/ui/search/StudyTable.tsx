import { Cell, Column, Row, Table, TableBody, TableHeader } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { ageOn, isoDate, isoTime, today } from "../../model/dates";
import { fullName } from "../../model/person";
import type { StudyRow } from "../../model/study";
import { Modalities, Regions } from "../parts/Chips";

const COLUMNS = ["date", "patient", "born", "identifier", "modality", "description", "region", "images", "accession"] as const;

/** The studies of a search, one row each; a row opens its patient. */
export function StudyTable({ rows, onOpen }: { readonly rows: readonly StudyRow[]; readonly onOpen: (row: StudyRow) => void }): React.JSX.Element {
  const { t } = useTranslation();
  const byUid = new Map(rows.map((row) => [row.studyInstanceUid, row]));
  return (
    <div className="table-frame">
      <Table
        aria-label={t("search.results")}
        className="table"
        onRowAction={(key) => {
          const row = byUid.get(String(key));
          if (row !== undefined) onOpen(row);
        }}
      >
        <TableHeader>
          {COLUMNS.map((column) => (
            <Column key={column} id={column} isRowHeader={column === "patient"} className={`column-${column}`}>
              {t(`columns.${column}`)}
            </Column>
          ))}
        </TableHeader>
        <TableBody>
          {rows.map((row) => (
            <StudyCells key={row.studyInstanceUid} row={row} />
          ))}
        </TableBody>
      </Table>
    </div>
  );
}

function StudyCells({ row }: { readonly row: StudyRow }): React.JSX.Element {
  const { t } = useTranslation();
  const { main, native } = fullName(row.patientName);
  const age = ageOn(row.birthDate, row.studyDate ?? today());
  return (
    <Row id={row.studyInstanceUid} textValue={main ?? row.studyInstanceUid} className={row.availability === "ONLINE" ? "row" : "row row-away"}>
      <Cell className="number nowrap">
        {isoDate(row.studyDate) ?? <span className="faint">{t("common.dateNotGiven")}</span>} <span className="faint">{isoTime(row.studyTime) ?? ""}</span>
      </Cell>
      <Cell>
        <span className="strong">{main ?? t("patient.noName")}</span>
        {native === null ? null : <span className="muted"> {native}</span>}
      </Cell>
      <Cell className="number nowrap">
        {isoDate(row.birthDate) ?? "—"}
        <span className="faint">
          {" "}
          {row.sex ?? ""} {age === null ? "" : t(`age.short.${age.unit}`, { count: age.count })}
        </span>
      </Cell>
      <Cell className="nowrap">
        <span className="number">{row.patientId ?? "—"}</span> <span className="faint">{row.issuerOfPatientId ?? ""}</span>
      </Cell>
      <Cell>
        <Modalities codes={row.modalities} />
      </Cell>
      <Cell>
        {row.description ?? <span className="faint">{t("common.noDescription")}</span>}
        {row.institution === null ? null : <span className="faint"> · {row.institution}</span>}
      </Cell>
      <Cell>
        <Regions codes={row.regions} />
        {row.availability === "ONLINE" ? null : <span className="chip status status-waiting">{t(`availability.${row.availability}`)}</span>}
      </Cell>
      <Cell className="number right">
        {row.numberOfInstances ?? "—"}
        <span className="faint">{row.numberOfSeries === null ? "" : ` / ${row.numberOfSeries}`}</span>
      </Cell>
      <Cell className="number nowrap">{row.accessionNumber ?? "—"}</Cell>
    </Row>
  );
}
