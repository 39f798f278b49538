import { useTranslation } from "react-i18next";
import { retrieveRendered, renderedAddress, type Rendered } from "../../dicomweb/client";
import type { DocumentSet, InstanceAddress } from "../../model/displaySet";
import { KEY_OBJECT_SELECTION } from "../../model/keyObjects";
import { useServices } from "../services";
import { type Loaded, useLoad } from "../useLoad";
import { ContentTree } from "./ContentTree";
import { KeyObjects } from "./KeyObjects";
import { PaneMessage } from "./PaneMessage";

/** A document in place of a picture. What it says comes from elsewhere, so it gets no scripts and no way out. */
export function DocumentView({ set, onOpen }: { readonly set: DocumentSet; readonly onOpen: (instance: InstanceAddress) => void }): React.JSX.Element {
  if (set.sopClassUid !== KEY_OBJECT_SELECTION) return <RenderedDocument set={set} />;
  return (
    <div className="document" data-testid="document">
      <KeyObjects set={set} onOpen={onOpen} />
    </div>
  );
}

function RenderedDocument({ set }: { readonly set: DocumentSet }): React.JSX.Element {
  const { http } = useServices();
  const { t } = useTranslation();
  const [rendered, reload] = useLoad((signal) => retrieveRendered(http, set.instance, signal), [http, set]);
  if (set.form === "video") return <video className="document" controls src={renderedAddress(set.instance)} aria-label={t("document.video")} />;
  return (
    <div className="document" data-testid="document">
      <DocumentBody set={set} rendered={rendered} reload={reload} />
    </div>
  );
}

function DocumentBody({ set, rendered, reload }: { readonly set: DocumentSet; readonly rendered: Loaded<Rendered>; readonly reload: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  const title = set.series.description ?? set.series.modality;
  if (rendered.kind === "loading") return <PaneMessage tone="quiet" title={t("common.loading")} />;
  if (rendered.kind === "failed") {
    if (set.form === "report") return <ContentTree data={set.data} />;
    if (rendered.error.trouble === "busy" || rendered.error.trouble === "network") return <PaneMessage tone="problem" title={t("document.failed")} text={t("trouble.busy.remedy")} onRetry={reload} />;
    return <PaneMessage tone="quiet" title={t("document.unsupported", { modality: set.series.modality })} text={t("document.unsupportedRemedy")} />;
  }
  switch (rendered.value.kind) {
    case "text":
      return <pre className="document-text">{rendered.value.text}</pre>;
    case "html":
      return <iframe className="document-frame" sandbox="" src={rendered.value.address} title={title} referrerPolicy="no-referrer" />;
    case "pdf":
      // A sandbox would stop the browser's own PDF reader; the type was checked before the frame was made.
      return (
        <>
          <p className="document-bar">
            <a href={rendered.value.address} target="_blank" rel="noreferrer">
              {t("document.openPdf")}
            </a>
          </p>
          {/* oxlint-disable-next-line react/iframe-missing-sandbox -- see above */}
          <iframe className="document-frame" src={rendered.value.address} title={title} referrerPolicy="no-referrer" />
        </>
      );
    case "image":
      return <img className="document-image" src={rendered.value.address} alt={title} />;
    case "video":
      return <video className="document-image" controls src={rendered.value.address} aria-label={t("document.video")} />;
  }
}
