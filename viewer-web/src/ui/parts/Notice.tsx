import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** Something the reader must know. A problem interrupts a screen reader, the rest waits its turn. */
export function Notice({ tone, title, children }: { readonly tone: "info" | "warning" | "problem"; readonly title?: string; readonly children?: ReactNode }): React.JSX.Element {
  return (
    <div className={`notice notice-${tone}`} role={tone === "problem" ? "alert" : "status"}>
      <Icon name={tone === "info" ? "info" : "warning"} />
      <div>
        {title === undefined ? null : <strong>{title}</strong>}
        {children}
      </div>
    </div>
  );
}
