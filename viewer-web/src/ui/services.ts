import { createContext, useContext } from "react";
import type { Http } from "../dicomweb/http";
import type { StudySearch } from "../dicomweb/query";
import type { Session } from "../model/session";
import type { ImageEngine } from "../rendering/engine";
import type { Router } from "./router";

/** A value that outlives a page of the application, and never the browser's tab. */
export interface Cell<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
}

/** A cell that holds `initial`. */
export function createCell<T>(initial: T): Cell<T> {
  let value = initial;
  return {
    get: () => value,
    set: (next) => {
      value = next;
    },
  };
}

/** What every part of the application may use. Made once, in the application's first file. */
export interface Services {
  readonly http: Http;
  readonly router: Router;
  /** Loads what draws; the same one every time. */
  readonly engine: () => Promise<ImageEngine>;
  /** The last search, so that the way back leads to the same rows. It is kept in memory only. */
  readonly lastSearch: Cell<StudySearch | null>;
}

export const ServicesContext = createContext<Services | null>(null);
export const SessionContext = createContext<Session | null>(null);

/** What the application is wired with. */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("no services are wired");
  return services;
}

/** Who is calling; null until the service has said so. */
export function useSession(): Session | null {
  return useContext(SessionContext);
}

/** A region's name for display, or its code when the service did not name it. */
export function useRegionName(): (code: string | null) => string {
  const session = useSession();
  return (code) => session?.regions.find((region) => region.code === code)?.name ?? code ?? "";
}
