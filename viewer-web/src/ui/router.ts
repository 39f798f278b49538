/** Where a person is. Addresses hold opaque keys and study UIDs, never what names a patient. */
export type Route =
  | { readonly page: "search" }
  | { readonly page: "patient"; readonly patientKey: string }
  | { readonly page: "image"; readonly patientKey: string; readonly studyInstanceUid: string }
  | { readonly page: "launch"; readonly launchId: string }
  | { readonly page: "admin" }
  | { readonly page: "unknown" };

/** The page's address as state. */
export interface Router {
  readonly current: () => Route;
  readonly go: (route: Route, options?: { readonly replace?: boolean }) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/** The route of an address. */
export function parsePath(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  const [root, section, key, sub, uid] = parts.map(decode);
  if (root === "admin") return { page: "admin" };
  if (root !== "viewer") return { page: "unknown" };
  if (section === undefined) return { page: "search" };
  if (section === "launch" && key !== undefined && parts.length === 3) return { page: "launch", launchId: key };
  if (section !== "patients" || key === undefined) return { page: "unknown" };
  if (parts.length === 3) return { page: "patient", patientKey: key };
  return sub === "studies" && uid !== undefined && parts.length === 5 ? { page: "image", patientKey: key, studyInstanceUid: uid } : { page: "unknown" };
}

/** The address of a route. */
export function pathOf(route: Route): string {
  switch (route.page) {
    case "patient":
      return `/viewer/patients/${encodeURIComponent(route.patientKey)}`;
    case "image":
      return `/viewer/patients/${encodeURIComponent(route.patientKey)}/studies/${encodeURIComponent(route.studyInstanceUid)}`;
    case "launch":
      return `/viewer/launch/${encodeURIComponent(route.launchId)}`;
    case "admin":
      return "/admin";
    default:
      return "/viewer/";
  }
}

/** A router over the window's history. */
export function createRouter(view: Window): Router {
  const listeners = new Set<() => void>();
  let current = parsePath(view.location.pathname);
  const follow = (): void => {
    current = parsePath(view.location.pathname);
    for (const listener of listeners) listener();
  };
  view.addEventListener("popstate", follow);
  return {
    current: () => current,
    go: (route, options) => {
      if (options?.replace === true) view.history.replaceState(null, "", pathOf(route));
      else view.history.pushState(null, "", pathOf(route));
      follow();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
