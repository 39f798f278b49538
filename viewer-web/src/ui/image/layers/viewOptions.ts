import { createContext, useContext, useMemo, useState } from "react";

/** What is drawn and written over every picture of the page. */
export type ViewOption = "layers" | "values" | "scale";

export interface ViewOptions {
  readonly shown: ReadonlySet<ViewOption>;
  readonly toggle: (option: ViewOption) => void;
}

/** All of it, at first: what an image asks to have drawn is part of it. */
const ALL: ReadonlySet<ViewOption> = new Set(["layers", "values", "scale"]);

export const ViewOptionsContext = createContext<ViewOptions>({ shown: ALL, toggle: () => undefined });

export function useViewOptions(): ViewOptions {
  return useContext(ViewOptionsContext);
}

/** Holds the options of one page. */
export function useNewViewOptions(): ViewOptions {
  const [shown, setShown] = useState(ALL);
  return useMemo(
    () => ({
      shown,
      toggle: (option) =>
        setShown((old) => {
          const next = new Set(old);
          if (!next.delete(option)) next.add(option);
          return next;
        }),
    }),
    [shown],
  );
}
