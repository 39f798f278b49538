import { useEffect } from "react";
import { ServiceError } from "../dicomweb/errors";
import type { PatientRecord } from "../model/patient";
import { retrievePatientState } from "../service/records";
import { useServices } from "./services";

/** A study that moved to another patient, or a report that was withdrawn, is not shown here for longer. */
const EVERY_MS = 10_000;

/** Asks again and again whether a record is what the service has, also when the page is looked at again, and reloads it when it is not. */
export function useCurrent(record: PatientRecord | null, reload: () => void): void {
  const { http } = useServices();
  const patientKey = record?.patientKey ?? null;
  const state = record?.state ?? null;
  useEffect(() => {
    if (patientKey === null || state === null) return;
    const controller = new AbortController();
    const ask = (): void => {
      if (document.hidden) return;
      retrievePatientState(http, patientKey, controller.signal).then(
        (now) => {
          if (now !== state && !controller.signal.aborted) reload();
        },
        (cause: unknown) => {
          if (cause instanceof ServiceError && cause.trouble === "missing") reload();
        },
      );
    };
    const timer = setInterval(ask, EVERY_MS);
    document.addEventListener("visibilitychange", ask);
    return () => {
      controller.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [http, patientKey, state, reload]);
}
