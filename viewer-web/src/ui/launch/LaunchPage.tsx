import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { isoDate } from "../../model/dates";
import type { Launch, LaunchChoice } from "../../model/session";
import { retrieveLaunch } from "../../service/records";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import type { Route } from "../router";
import { useServices } from "../services";
import { useLoad } from "../useLoad";

/** Opens what another system asked for; when that may be several studies, asks by facility and date only. */
export function LaunchPage({ launchId }: { readonly launchId: string }): React.JSX.Element {
  const { http, router } = useServices();
  const { t } = useTranslation();
  const [launch, reload] = useLoad((signal) => retrieveLaunch(http, launchId, signal), [http, launchId]);
  const target = launch.kind === "ready" ? routeOf(launch.value) : null;

  useEffect(() => {
    if (target !== null) router.go(target, { replace: true }); // the way back does not launch again
  }, [target, router]);

  return (
    <div className="page page-narrow">
      <h1>{t("titles.launch")}</h1>
      {launch.kind === "failed" ? <Failure error={launch.error} retry={reload} /> : null}
      {launch.kind === "ready" && launch.value.kind === "choose" ? <Chooser choices={launch.value.choices} /> : launch.kind === "failed" ? null : <p className="waiting">{t("launch.opening")}</p>}
    </div>
  );
}

function routeOf(launch: Launch): Route | null {
  switch (launch.kind) {
    case "study":
      return { page: "image", patientKey: launch.patientKey, studyInstanceUid: launch.studyInstanceUid };
    case "patient":
      return { page: "patient", patientKey: launch.patientKey };
    case "choose":
      return null;
  }
}

/** Several studies by facility and date: no more is known of who is meant, so no more is shown. */
export function Chooser({ choices }: { readonly choices: readonly LaunchChoice[] }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <>
      <p>{t("launch.choose")}</p>
      <ul className="choices">
        {choices.map((choice) => (
          <li key={`${choice.patientKey}/${choice.studyInstanceUid}`}>
            <Link to={{ page: "image", patientKey: choice.patientKey, studyInstanceUid: choice.studyInstanceUid }}>
              <span>{choice.facility ?? t("launch.unknownFacility")}</span>
              <span className="number">{isoDate(choice.studyDate) ?? t("common.unknown")}</span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
