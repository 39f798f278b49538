import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { chooseLanguage, languageOf } from "./i18n";
import { Icon } from "./parts/Icon";
import { Link } from "./parts/Link";
import type { Route } from "./router";
import { useSession } from "./services";

/** The name that the service gives the one user of development mode when its configuration gives none. */
const UNNAMED = "Development user";

/** What stands around every page: the way around, the language, who is calling, and the standing warnings. */
export function Shell({ route, children }: { readonly route: Route; readonly children: ReactNode }): React.JSX.Element {
  const { t, i18n } = useTranslation();
  const session = useSession();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const other = languageOf(i18n.language) === "fr" ? "en" : "fr";

  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true }); // a new page is announced from its start
  }, [route.page]);

  return (
    <div className={`shell shell-${route.page}`}>
      <a className="skip" href="#main">
        {t("common.skip")}
      </a>
      <header>
        <div className="top">
          <Link to={{ page: "search" }} className="brand">
            <img src="/viewer/icon.svg" alt="" width={22} height={22} />
            <span>{t("common.product")}</span>
          </Link>
          <nav aria-label={t("nav.label")}>
            <Link to={{ page: "search" }} current={route.page === "search"}>
              {t("nav.search")}
            </Link>
            <Link to={{ page: "admin" }} current={route.page === "admin"}>
              {t("nav.admin")}
            </Link>
          </nav>
          <span className="grow" />
          {session === null ? null : (
            <span className="who" title={session.authorityName ?? undefined}>
              <Icon name="person" size={15} />
              {session.development && session.userName === UNNAMED ? t("shell.developmentUser") : session.userName}
            </span>
          )}
          <Button className="button button-quiet" onPress={() => chooseLanguage(i18n, other)}>
            <span lang={other}>{other === "fr" ? "Français" : "English"}</span>
          </Button>
        </div>
        {session?.development === true ? (
          <div className="development" role="note">
            <Icon name="warning" size={14} />
            {t("shell.development")}
          </div>
        ) : null}
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
