import { ToggleButton } from "react-aria-components";
import { Tip } from "../Tip";
import { useImageWords } from "./imageWords";
import { useViewOptions, type ViewOption } from "./viewOptions";

/** Each with its key and the drawing on its button, on a grid of 24. */
const OPTIONS: readonly { readonly option: ViewOption; readonly key: string; readonly path: string }[] = [
  { option: "layers", key: "O", path: "M12 3 3 8l9 5 9-5zM3 12l9 5 9-5M3 16l9 5 9-5" },
  { option: "values", key: "X", path: "M12 3v6M12 15v6M3 12h6M15 12h6M12 12h0" },
  { option: "scale", key: "B", path: "M3 9v6M21 9v6M3 12h18M9 10.5v3M15 10.5v3" },
];

/** Shows and hides what lies over the pictures. */
export function ViewToggles(): React.JSX.Element {
  const words = useImageWords();
  const { shown, toggle } = useViewOptions();
  return (
    <div className="tool-group">
      {OPTIONS.map(({ option, key, path }) => (
        <Tip key={option} text={`${words[option]} (${key})`}>
          <ToggleButton className="tool" isSelected={shown.has(option)} onChange={() => toggle(option)} aria-label={words[option]}>
            <svg className="icon" width={18} height={18} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
              <path d={path} />
            </svg>
          </ToggleButton>
        </Tip>
      ))}
    </div>
  );
}
