import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import { Notice } from "./Notice";

/** What went wrong, in words, with what can be done about it. */
export function Failure({ error, retry }: { readonly error: ServiceError; readonly retry?: () => void }): React.JSX.Element {
  const { t } = useTranslation();
  return (
    <Notice tone="problem" title={t(`trouble.${error.trouble}.title`)}>
      <p>{t(`trouble.${error.trouble}.remedy`)}</p>
      {error.detail === null ? null : (
        <p className="detail">
          {t("trouble.said")} {error.parameter === null ? "" : `${error.parameter}: `}
          {error.detail}
        </p>
      )}
      {retry === undefined ? null : (
        <Button className="button" onPress={retry}>
          {t("common.retry")}
        </Button>
      )}
    </Notice>
  );
}
