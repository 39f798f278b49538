import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Icon } from "../parts/Icon";

interface PaneMessageProps {
  readonly tone: "problem" | "quiet";
  readonly title: string;
  readonly text?: string;
  readonly onRetry?: () => void;
}

/** Words where a picture would be. They cover the place wholly: no picture may stand behind another's failure. */
export function PaneMessage({ tone, title, text, onRetry }: PaneMessageProps): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <div className={`pane-message pane-message-${tone}`} role={tone === "problem" ? "alert" : "status"}>
      {tone === "problem" ? <Icon name="warning" size={26} /> : null}
      <p className="strong">{title}</p>
      {text === undefined ? null : <p>{text}</p>}
      {onRetry === undefined ? null : (
        <Button className="button" onPress={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}
