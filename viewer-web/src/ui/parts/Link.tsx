import type { ReactNode } from "react";
import { pathOf, type Route } from "../router";
import { useServices } from "../services";

/** A link within the application: a real address, followed without loading the page again. */
export function Link({ to, className, children, current }: { readonly to: Route; readonly className?: string; readonly children: ReactNode; readonly current?: boolean }): React.JSX.Element {
  const { router } = useServices();
  return (
    <a
      href={pathOf(to)}
      className={className}
      aria-current={current === true ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        router.go(to);
      }}
    >
      {children}
    </a>
  );
}
