import { useCallback, useEffect, useState } from "react";
import { isAbort, type ServiceError } from "../../dicomweb/errors";
import { asServiceError } from "../useLoad";

/** A value that is asked for again and again while someone looks. A failure leaves the last value standing beside it. */
export interface Refreshed<T> {
  readonly value: T | null;
  readonly error: ServiceError | null;
  readonly refresh: () => void;
}

/** Asks every `everyMs`, never two at a time, and not while the page is hidden. */
export function useRefresh<T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number): Refreshed<T> {
  const [state, setState] = useState<{ readonly value: T | null; readonly error: ServiceError | null }>({ value: null, error: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        if (document.visibilityState === "visible") {
          const value = await load(controller.signal);
          setState({ value, error: null });
        }
      } catch (cause) {
        if (!controller.signal.aborted && !isAbort(cause)) setState((old) => ({ ...old, error: asServiceError(cause) }));
      }
      if (!controller.signal.aborted) timer = setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [load, everyMs, turn]);
  return { ...state, refresh: useCallback(() => setTurn((old) => old + 1), []) };
}
