import { useEffect } from "react";
import { searchSeries } from "../../dicomweb/client";
import { loadSeries } from "../../loading/series";
import type { PatientStudy } from "../../model/patient";
import type { ImageEngine } from "../../rendering/engine";
import { warmStudy } from "../../service/records";
import { useServices } from "../services";
import { firstSeries } from "./panes";

/** The study that was opened has so long for itself. */
const HEAD_START_MS = 2_000;
/** Pictures of the prior that are fetched into this page. */
const PICTURES = 3;

/** In idle time has the service bring the study and its most relevant prior here, and fetches where the prior begins. It stops when the reader moves on. */
export function useWarm(open: PatientStudy, prior: PatientStudy | undefined, engine: ImageEngine | null): void {
  const { http } = useServices();
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const work = async (): Promise<void> => {
      await warmStudy(http, open.studyInstanceUid, signal);
      if (prior === undefined || prior.availability === "UNAVAILABLE") return;
      await warmStudy(http, prior.studyInstanceUid, signal);
      const first = firstSeries(await searchSeries(http, prior.studyInstanceUid, signal));
      if (first === null || engine === null) return;
      const stack = (await loadSeries(http, first, signal)).find((set) => set.kind === "stack");
      if (stack !== undefined && !signal.aborted) engine.fetchAhead(stack, PICTURES);
    };
    // What fails here is asked for again, and told, when somebody looks for it.
    const timer = setTimeout(() => void work().catch(() => undefined), HEAD_START_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
      engine?.stopFetchingAhead();
    };
  }, [http, open, prior, engine]);
}
