import { type DependencyList, useCallback, useEffect, useState } from "react";
import { isAbort, ServiceError } from "../dicomweb/errors";

/** Something that comes over the wire. */
export type Loaded<T> =
  | { readonly kind: "loading"; readonly previous: T | null }
  | { readonly kind: "ready"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ServiceError };

/** Loads when `deps` change, and again on `reload`; what is no longer wanted is aborted. */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, deps: DependencyList): readonly [Loaded<T>, () => void] {
  const [state, setState] = useState<Loaded<T>>({ kind: "loading", previous: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    setState((old) => ({ kind: "loading", previous: old.kind === "ready" ? old.value : null }));
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ kind: "ready", value });
      },
      (cause: unknown) => {
        if (!controller.signal.aborted && !isAbort(cause)) setState({ kind: "failed", error: asServiceError(cause) });
      },
    );
    return () => controller.abort();
    // The caller names what its loader depends on.
  }, [...deps, turn]);
  return [state, useCallback(() => setTurn((old) => old + 1), [])];
}

/** Any failure as one that can be explained. */
export function asServiceError(cause: unknown): ServiceError {
  return cause instanceof ServiceError ? cause : new ServiceError("malformed", { cause });
}
