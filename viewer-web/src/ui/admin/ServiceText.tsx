import { useTranslation } from "react-i18next";
import { languageOf } from "../i18n";
import { frenchKindOf } from "./serviceTexts";

/** Words of the service about a repository. In French the kind of the trouble comes first, in French; what the service says exactly is marked as English. */
export function ServiceText({ text, isProblem = true }: { readonly text: string; readonly isProblem?: boolean }): React.JSX.Element {
  const { i18n } = useTranslation();
  if (languageOf(i18n.language) === "en") return <span>{text}</span>;
  const kind = isProblem ? frenchKindOf(text) : null;
  return (
    <span>
      {kind === null ? null : `${kind} `}
      <span lang="en">{kind === null ? text : `(${text})`}</span>
    </span>
  );
}
