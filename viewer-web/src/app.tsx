/** Wires the application: the wire, the engine, the router and the catalogues are made here and nowhere else. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { I18nextProvider } from "react-i18next";
import type { StudySearch } from "./dicomweb/query";
import type { ImageEngine } from "./rendering/engine";
import { App } from "./ui/App";
import { createCatalogues } from "./ui/i18n";
import { createRouter } from "./ui/router";
import { createCell, type Services, ServicesContext } from "./ui/services";
import "./ui/styles/index.css";

let engine: Promise<ImageEngine> | null = null;

const http = { fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init) };
const services: Services = {
  http,
  router: createRouter(window),
  engine: () => {
    engine ??= import("./engine").then((part) => part.createEngine(http));
    engine.catch(() => {
      engine = null; // a network that failed once may work the next time
    });
    return engine;
  },
  lastSearch: createCell<StudySearch | null>(null),
};

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={createCatalogues()}>
      <ServicesContext value={services}>
        <App />
      </ServicesContext>
    </I18nextProvider>
  </StrictMode>,
);
