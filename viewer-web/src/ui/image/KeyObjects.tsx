import { useState } from "react";
import { useTranslation } from "react-i18next";
import { instanceThumbnailAddress } from "../../dicomweb/client";
import { contentOf } from "../../model/content";
import type { DocumentSet, InstanceAddress } from "../../model/displaySet";
import { selectedInstances } from "../../model/keyObjects";
import { Icon } from "../parts/Icon";

/** The images of a key object selection, each a way to itself. */
export function KeyObjects({ set, onOpen }: { readonly set: DocumentSet; readonly onOpen: (instance: InstanceAddress) => void }): React.JSX.Element {
  const { t } = useTranslation();
  const content = contentOf(set.data);
  const said = content.items.flatMap((item) => (item.value === null ? [] : [{ path: item.path, text: item.value }]));
  const instances = selectedInstances(set.data);
  return (
    <div className="document-text key-objects" data-testid="key-objects">
      <h3>{content.title ?? t("document.keyObjects")}</h3>
      {said.map(({ path, text }) => (
        <p key={path}>{text}</p>
      ))}
      {instances.length === 0 ? <p className="muted">{t("document.keyNone")}</p> : null}
      <ul>
        {instances.map((instance, at) => (
          <li key={instance.sopInstanceUid}>
            <KeyImage instance={instance} label={t("document.keyImage", { number: at + 1, count: instances.length })} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function KeyImage({ instance, label, onOpen }: { readonly instance: InstanceAddress; readonly label: string; readonly onOpen: (instance: InstanceAddress) => void }): React.JSX.Element {
  const [picture, setPicture] = useState(true);
  return (
    <button type="button" className="key-image" onClick={() => onOpen(instance)}>
      {picture ? <img src={instanceThumbnailAddress(instance)} alt="" loading="lazy" onError={() => setPicture(false)} /> : <Icon name="images" size={40} />}
      <span>{label}</span>
    </button>
  );
}
