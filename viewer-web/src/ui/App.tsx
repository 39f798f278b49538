import { lazy, Suspense, useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { retrieveSession } from "../service/records";
import { adoptLanguage } from "./i18n";
import type { ImagePage as ImagePageType } from "./image/ImagePage";
import { LaunchPage } from "./launch/LaunchPage";
import { Failure } from "./parts/Failure";
import { PatientPage } from "./patient/PatientPage";
import type { Route } from "./router";
import { SearchPage } from "./search/SearchPage";
import { SessionContext, useServices } from "./services";
import { Shell } from "./Shell";
import { useLoad } from "./useLoad";

const loadImagePage = (): Promise<{ default: typeof ImagePageType }> => import("./image/ImagePage").then((part) => ({ default: part.ImagePage }));
const ImagePage = lazy(loadImagePage);
const AdminPage = lazy(() => import("./admin/AdminPage").then((part) => ({ default: part.AdminPage })));

/** The application: who is calling, then the page that the address names. */
export function App(): React.JSX.Element {
  const { http, router, engine } = useServices();
  const { t, i18n } = useTranslation();
  const route = useSyncExternalStore(router.subscribe, router.current);
  const [session, reload] = useLoad((signal) => retrieveSession(http, signal), [http]);
  const known = session.kind === "ready" ? session.value : session.kind === "loading" ? session.previous : null;

  useEffect(() => {
    if (session.kind === "ready") adoptLanguage(i18n, session.value.language);
  }, [session, i18n]);
  useEffect(() => {
    // Where images come next, what draws them is fetched beside the data and not after it.
    if (route.page === "search" || route.page === "admin" || route.page === "unknown") return;
    void loadImagePage();
    engine().catch(() => undefined); // told where a picture is wanted
  }, [route.page, engine]);
  useEffect(() => {
    document.title = `${t(`titles.${route.page}`)} · ${t("common.product")}`; // names a page, never a person
  }, [route.page, t]);

  return (
    <SessionContext value={known}>
      <Shell route={route}>
        {session.kind === "failed" ? (
          <div className="page">
            <Failure error={session.error} retry={reload} />
          </div>
        ) : (
          <Suspense fallback={<p className="waiting">{t("common.loading")}</p>}>
            <Page route={route} />
          </Suspense>
        )}
      </Shell>
    </SessionContext>
  );
}

function Page({ route }: { readonly route: Route }): React.JSX.Element {
  const { t } = useTranslation();
  switch (route.page) {
    case "search":
      return <SearchPage />;
    case "patient":
      return <PatientPage key={route.patientKey} patientKey={route.patientKey} />;
    case "image":
      return <ImagePage key={route.patientKey} patientKey={route.patientKey} studyInstanceUid={route.studyInstanceUid} />;
    case "launch":
      return <LaunchPage key={route.launchId} launchId={route.launchId} />;
    case "admin":
      return <AdminPage />;
    case "unknown":
      return (
        <div className="page">
          <h1>{t("titles.unknown")}</h1>
          <p>{t("unknown.remedy")}</p>
        </div>
      );
  }
}
