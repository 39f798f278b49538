import { Tooltip, TooltipTrigger } from "react-aria-components";

/** A button with words that appear beside it. */
export function Tip({ text, children }: { readonly text: string; readonly children: React.ReactNode }): React.JSX.Element {
  return (
    <TooltipTrigger delay={500}>
      {children}
      <Tooltip className="tooltip">{text}</Tooltip>
    </TooltipTrigger>
  );
}
