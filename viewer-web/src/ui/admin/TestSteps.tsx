import { useTranslation } from "react-i18next";
import type { TestResult } from "../../model/repository";
import { Icon } from "../parts/Icon";
import { ServiceText } from "./ServiceText";

const STEPS = ["resolve", "connect", "verify", "capabilities", "search", "retrieve", "list", "read", "listen", "receive"] as const;

/** How a connection test went, step by step, in words. */
export function TestSteps({ result }: { readonly result: TestResult }): React.JSX.Element {
  const { t } = useTranslation();
  const nameOf = (step: string): string => {
    const known = STEPS.find((it) => it === step);
    return known === undefined ? step : t(`admin.steps.${known}`);
  };
  return (
    <div className={result.ok ? "steps steps-good" : "steps steps-bad"} data-testid="test-steps">
      <p className="strong">{t(result.ok ? "admin.testGood" : "admin.testBad")}</p>
      <ol>
        {result.steps.map((step) => (
          <li key={step.step} className={step.ok ? "step-good" : "step-bad"}>
            <Icon name={step.ok ? "check" : "close"} size={15} />
            <strong>{nameOf(step.step)}</strong>
            <span className="sr">{t(step.ok ? "admin.stepGood" : "admin.stepBad")}</span>
            <span>
              <ServiceText text={step.text} isProblem={!step.ok} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
