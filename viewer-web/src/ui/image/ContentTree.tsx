import { useTranslation } from "react-i18next";
import type { DataSet } from "../../model/dataset";
import { type ContentItem, contentOf } from "../../model/content";

/** A structured report as an indented text, from its own content. */
export function ContentTree({ data }: { readonly data: DataSet }): React.JSX.Element {
  const { t } = useTranslation();
  const content = contentOf(data);
  return (
    <div className="document-text">
      <h3>{content.title ?? t("report.untitled")}</h3>
      <p className="chips">
        <span className={content.verified ? "chip status status-good" : "chip status status-waiting"}>{t(content.verified ? "document.verified" : "document.notVerified")}</span>
      </p>
      <Items items={content.items} />
    </div>
  );
}

function Items({ items }: { readonly items: readonly ContentItem[] }): React.JSX.Element {
  return (
    <ul className="content">
      {items.map((item) => (
        <li key={item.path}>
          {item.name === null ? null : <strong>{item.name}</strong>} {item.value}
          {item.items.length === 0 ? null : <Items items={item.items} />}
        </li>
      ))}
    </ul>
  );
}
