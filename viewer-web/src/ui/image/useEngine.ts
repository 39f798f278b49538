import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { ImageEngine, ViewportHandle, ViewportState } from "../../rendering/engine";
import { useServices } from "../services";
import { useImageWords } from "./layers/imageWords";

/** What draws: on its way, there, or unable to start on this machine. */
export type EngineState = { readonly kind: "loading" } | { readonly kind: "ready"; readonly engine: ImageEngine } | { readonly kind: "failed" };

/** Loads what draws, and keeps the texts it draws in the reader's language. */
export function useEngine(): EngineState {
  const services = useServices();
  const { t } = useTranslation();
  const image = useImageWords();
  const [state, setState] = useState<EngineState>({ kind: "loading" });
  useEffect(() => {
    let wanted = true;
    services.engine().then(
      (engine) => {
        if (wanted) setState({ kind: "ready", engine });
      },
      () => {
        if (wanted) setState({ kind: "failed" });
      },
    );
    return () => {
      wanted = false;
    };
  }, [services]);
  useEffect(() => {
    if (state.kind !== "ready") return;
    const words: Readonly<Record<string, string>> = { detector: t("measure.detector"), scanned: image.bases.scanned, calibrated: t("measure.calibrated"), none: t("measure.none"), region: t("measure.region") };
    state.engine.setLengthText((value, basis) => {
      const word = words[basis];
      return word === undefined ? [value] : [value, word];
    });
  }, [state, t, image]);
  return state;
}

const NOTHING: ViewportState = { stack: null, shown: null, target: 0, status: "empty", preview: false, window: null, inverted: false, zoom: 1, edges: null, ready: 0 };
const nothing = (): ViewportState => NOTHING;
const never = (): (() => void) => () => undefined;

/** What a viewport shows, followed. */
export function useViewport(handle: ViewportHandle | null): ViewportState {
  return useSyncExternalStore(handle?.subscribe ?? never, handle?.state ?? nothing);
}
