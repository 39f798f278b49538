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

/** A region as it is shown: its code, its name, and which of the six tones is its own. */
export interface ShownRegion {
  readonly code: string;
  readonly name: string;
  readonly tone: number;
}

/** Finds the region that a code means. Searches name repositories (`gta-west`), records name regions (`GTAWEST`). */
export function useRegion(): (code: string | null) => ShownRegion {
  const session = useSession();
  return (code) => {
    const plain = plainCode(code ?? "");
    const at = session?.regions.findIndex((region) => plainCode(region.code) === plain) ?? -1;
    const region = session?.regions[at];
    return { code: region?.code ?? code ?? "", name: region?.name ?? code ?? "", tone: Math.max(0, at) % 6 };
  };
}

function plainCode(code: string): string {
  return code.toLowerCase().replaceAll(/[^a-z0-9]/gu, "");
}
