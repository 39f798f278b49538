import { useEffect, useState } from "react";
import { ServiceError } from "../dicomweb/errors";
import type { PatientRecord } from "../model/patient";
import { retrievePatientState } from "../service/records";
import { useServices } from "./services";

/** A study that moved to another patient, or a report that was withdrawn, is not shown here for longer. */
const EVERY_MS = 10_000;

/**
 * Asks again and again whether a record is what the service has, also when the page is looked at again, and reloads it when it is not.
 * Whether its studies have other images than when it was read, which takes nothing away from who is reading.
 */
export function useCurrent(record: PatientRecord | null, reload: () => void): boolean {
  const { http } = useServices();
  const patientKey = record?.patientKey ?? null;
  const state = record?.state ?? null;
  const images = record?.images ?? null;
  const [seen, setSeen] = useState<string | null>(null);
  useEffect(() => {
    // What was seen before the record was read anew says nothing of it.
    setSeen(null);
    if (patientKey === null || state === null) return;
    const controller = new AbortController();
    const ask = (): void => {
      if (document.hidden) return;
      retrievePatientState(http, patientKey, controller.signal).then(
        (now) => {
          if (controller.signal.aborted) return;
          if (now.state !== state) reload();
          setSeen(now.images);
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
  }, [http, patientKey, state, images, reload]);
  return images !== null && seen !== null && seen !== images;
}
