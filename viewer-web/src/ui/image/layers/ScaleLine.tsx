import { useTranslation } from "react-i18next";
import { type Calibration } from "../../../model/displaySet";
import { scaleBar } from "../../../model/scale";
import type { Placement, ViewportHandle } from "../../../rendering/engine";
import { useImageWords } from "./imageWords";
import { usePlacement } from "./usePlacement";

/** The bar is no longer than this on the screen. */
const MOST_PIXELS = 120;

/** A bar of a round length. A length that rests on the detector, on a scanned film or on nothing says so. */
export function ScaleLine({ handle, calibration }: { readonly handle: ViewportHandle; readonly calibration: Calibration }): React.JSX.Element | null {
  const { t } = useTranslation();
  const words = useImageWords();
  const placement = usePlacement(handle);
  const bar = placement === null ? null : scaleBar(perPixelOf(placement), calibration, MOST_PIXELS);
  if (bar === null) return null;
  const { value, unit, basis } = bar.length;
  const said: Partial<Record<typeof basis, string>> = { ...words.bases, calibrated: t("measure.calibrated"), region: t("measure.region") };
  const length = [`${words.number(value)} ${unit}`, said[basis]].filter((part) => part !== undefined).join(", ");
  return (
    <div className="scale-line" role="img" aria-label={words.scaleLabel(length)} data-testid="scale">
      <span className="scale-bar" style={{ width: bar.screenPixels }} />
      <span className="number">{length}</span>
    </div>
  );
}

/** The step in the image that one pixel to the right on the screen makes. */
function perPixelOf([a, b, c, d]: Placement): readonly [number, number] {
  const area = a * d - b * c;
  return [d / area, -b / area];
}
