import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure";
import { TestSteps } from "./TestSteps";
import type { FormDoing } from "./useRepositoryForm";

interface FormActionsProps {
  readonly doing: FormDoing;
  readonly save: string;
  readonly onTest: () => void;
  readonly onCancel?: () => void;
}

/** What can be done with a typed definition, and what came of it. */
export function FormActions({ doing, save, onTest, onCancel }: FormActionsProps): React.JSX.Element {
  const { t } = useTranslation();
  const busy = doing.kind === "busy";
  return (
    <div className="register-actions">
      <Button className="button" isDisabled={busy} onPress={onTest}>
        {t("admin.test")}
      </Button>
      <Button type="submit" className="button button-primary" isDisabled={busy}>
        {save}
      </Button>
      {onCancel === undefined ? null : (
        <Button className="button" onPress={onCancel}>
          {t("admin.cancel")}
        </Button>
      )}
      <div aria-live="polite" className="register-result">
        {busy ? <p className="muted">{t("admin.working")}</p> : null}
        {doing.kind === "tested" ? <TestSteps result={doing.result} /> : null}
        {doing.kind === "failed" ? <Failure error={doing.error} /> : null}
      </div>
    </div>
  );
}
