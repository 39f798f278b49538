import { useTranslation } from "react-i18next";
import type { ViewportState } from "../../rendering/engine";

/** The place in the stack, to see and to move; the track fills as pictures become ready. */
export function StackSlider({ state, count, onChange }: { readonly state: ViewportState; readonly count: number; readonly onChange: (index: number) => void }): React.JSX.Element {
  const { t } = useTranslation();
  const ready = Math.min(100, Math.round((state.ready / count) * 100));
  return (
    <div className="stack-slider">
      <meter className="sr" min={0} max={count} value={state.ready} aria-label={t("viewport.ready", { count: state.ready })} />
      <div className="stack-ready" style={{ height: `${ready}%` }} aria-hidden="true" />
      <input
        type="range"
        min={0}
        max={count - 1}
        value={state.target}
        aria-label={t("viewport.slider")}
        aria-valuetext={t("viewport.position", { number: state.target + 1, count })}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}
