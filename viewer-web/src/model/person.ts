/** A person's name in its component groups (PS3.5 §6.2.1). */
export interface PersonName {
  readonly alphabetic: string | null;
  readonly ideographic: string | null;
  readonly phonetic: string | null;
}

/** `Tremblay^Geneviève^Marie^Dr` as people read it: family name first, then the rest; an unknown name is null. */
export function displayName(group: string | null): string | null {
  if (group === null) return null;
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = group.split("^").map((part) => part.trim());
  const rest = [prefix, given, middle, suffix].filter((part) => part !== "").join(" ");
  const name = family === "" ? rest : rest === "" ? family : `${family}, ${rest}`;
  return name === "" ? null : name;
}

/** The name for display, with the ideographic group when it differs. */
export function fullName(name: PersonName): { readonly main: string | null; readonly native: string | null } {
  const main = displayName(name.alphabetic);
  const native = name.ideographic === null ? null : name.ideographic.replaceAll("^", " ").trim();
  return main === null ? { main: native, native: null } : { main, native: native === main ? null : native };
}
