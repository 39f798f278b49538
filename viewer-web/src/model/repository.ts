export const PROTOCOLS = ["dicomweb", "dimse", "archive", "push"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type RepositoryState = "waiting" | "indexing" | "following" | "unreachable" | "refused" | "paused" | "unknown";

/** A repository as its administrators see it. */
export interface Repository {
  readonly code: string;
  readonly name: string;
  readonly region: string | null;
  readonly protocol: string;
  readonly state: RepositoryState;
  readonly counts: { readonly studies: number; readonly series: number; readonly instances: number; readonly reports: number; readonly quarantined: number };
  readonly progress: { readonly indexed: number; readonly expected: number | null; readonly remainingSeconds: number | null } | null;
  readonly downSince: string | null;
  readonly lagSeconds: number | null;
  /** By how much its clock is ahead of the service's, or behind where it is negative; null where that is not much. */
  readonly clockSkewSeconds: number | null;
  readonly lastContact: string | null;
  readonly lastError: { readonly at: string | null; readonly text: string } | null;
  /** The regions that are known, where no other repository is of this one's; told of one that was registered or changed just now. */
  readonly newRegionBeside: readonly string[];
  /** As it is registered; what this page does not know of it is given back as it came. */
  readonly definition: Readonly<Record<string, unknown>>;
}

export type DriftOutcome = "clean" | "mended" | "held-back" | "failed" | "unknown";

/** One comparison of the registry with a repository's own list. */
export interface DriftReport {
  readonly key: string;
  readonly started: string | null;
  readonly outcome: DriftOutcome;
  readonly compared: number;
  readonly notHere: number;
  readonly notThere: number;
  readonly differing: number;
  readonly text: string | null;
}

/** One step of a connection test, in words. */
export interface TestStep {
  readonly step: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface TestResult {
  readonly ok: boolean;
  readonly steps: readonly TestStep[];
}

/** An object that was refused: which rule of which attribute it broke, never its content. */
export interface QuarantineEntry {
  readonly key: string;
  readonly repository: string;
  readonly received: string | null;
  readonly attribute: string;
  readonly rule: string;
  readonly sizeBytes: number | null;
}

/** What a new repository's form holds, as typed. */
export interface RepositoryForm {
  readonly code: string;
  readonly name: string;
  readonly region: string;
  readonly protocol: Protocol;
  readonly patientIdIssuer: string;
  readonly accessionIssuer: string;
  readonly characterSet: string;
  readonly timeZone: string;
  readonly concurrency: string;
  readonly pollSeconds: string;
  readonly url: string;
  readonly host: string;
  readonly port: string;
  readonly aeTitle: string;
  readonly retrieve: "move" | "get";
  readonly callingAeTitles: string;
  readonly sendingFacility: string;
  readonly accessionField: string;
}

export const EMPTY_FORM: RepositoryForm = {
  code: "",
  name: "",
  region: "",
  protocol: "dicomweb",
  patientIdIssuer: "",
  accessionIssuer: "",
  characterSet: "ISO_IR 100",
  timeZone: "America/Toronto",
  concurrency: "4",
  pollSeconds: "30",
  url: "",
  host: "",
  port: "104",
  aeTitle: "",
  retrieve: "move",
  callingAeTitles: "",
  sendingFacility: "",
  accessionField: "OBR-18",
};

/** The definition that the service takes: the common part, one block for the protocol, and reports when a facility is named. */
export function definitionOf(form: RepositoryForm): Readonly<Record<string, unknown>> {
  const code = form.code.trim();
  const definition: Record<string, unknown> = {
    code,
    name: form.name.trim() || code.toUpperCase(),
    region: form.region.trim() || code.toUpperCase(),
    protocol: form.protocol,
    patientIdIssuer: form.patientIdIssuer.trim() || code.toUpperCase(),
    accessionIssuer: form.accessionIssuer.trim() || code.toUpperCase(),
    characterSet: form.characterSet.trim(),
    timeZone: form.timeZone.trim(),
    concurrency: Number(form.concurrency),
    pollSeconds: Number(form.pollSeconds),
    [form.protocol]: connectionOf(form),
  };
  if (form.sendingFacility.trim() !== "") {
    definition["hl7"] = { sendingFacility: form.sendingFacility.trim(), accessionField: form.accessionField.trim() };
  }
  return definition;
}

function connectionOf(form: RepositoryForm): Readonly<Record<string, unknown>> {
  switch (form.protocol) {
    case "dicomweb":
    case "archive":
      return { url: form.url.trim() };
    case "dimse":
      return { host: form.host.trim(), port: Number(form.port), aeTitle: form.aeTitle.trim(), retrieve: form.retrieve };
    case "push":
      return { callingAeTitles: form.callingAeTitles.split(/[\s,;]+/u).filter((title) => title !== "") };
  }
}

/** The fields that still need something before the form can be sent. */
export function missingFields(form: RepositoryForm): readonly (keyof RepositoryForm)[] {
  const needed: Record<Protocol, readonly (keyof RepositoryForm)[]> = {
    dicomweb: ["url"],
    archive: ["url"],
    dimse: ["host", "port", "aeTitle"],
    push: ["callingAeTitles"],
  };
  return (["code", ...needed[form.protocol]] as const).filter((field) => String(form[field]).trim() === "");
}

/** The form that changes a repository, filled with what is registered. */
export function formOf(definition: Readonly<Record<string, unknown>>): RepositoryForm {
  const protocol = PROTOCOLS.find((it) => it === definition["protocol"]) ?? "dicomweb";
  const address = definition[protocol];
  return {
    ...EMPTY_FORM,
    code: words(definition, "code"),
    name: words(definition, "name"),
    region: words(definition, "region"),
    protocol,
    url: words(address, "url"),
    host: words(address, "host"),
    port: words(address, "port"),
    aeTitle: words(address, "aeTitle"),
    retrieve: words(address, "retrieve") === "get" ? "get" : "move",
    callingAeTitles: words(address, "callingAeTitles"),
  };
}

/** A definition with another operator, region and address. Credentials, certificates and limits stay as they are. */
export function changedDefinition(definition: Readonly<Record<string, unknown>>, form: RepositoryForm): Readonly<Record<string, unknown>> {
  const address = { ...(definition[form.protocol] as Readonly<Record<string, unknown>> | undefined), ...connectionOf(form) };
  return { ...definition, name: form.name.trim(), region: form.region.trim(), [form.protocol]: address };
}

/** The fields without which a changed repository can't be. */
export function missingInChange(form: RepositoryForm): readonly (keyof RepositoryForm)[] {
  const unnamed = (["name", "region"] as const).filter((field) => form[field].trim() === "");
  return [...unnamed, ...missingFields(form)];
}

/** A field of a definition as it is typed. */
function words(from: unknown, name: string): string {
  const value = typeof from === "object" && from !== null ? (from as Readonly<Record<string, unknown>>)[name] : undefined;
  return Array.isArray(value) ? value.join(", ") : typeof value === "string" || typeof value === "number" ? String(value) : "";
}
