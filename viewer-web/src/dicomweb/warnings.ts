/** What a search answer says of its own limits, from its `Warning: 299` headers (PS3.18 §8.3.4.4, §8.3.4.5). */
export type SearchWarning =
  | { readonly kind: "more"; readonly count: number | null }
  | { readonly kind: "repository"; readonly repository: string; readonly text: string }
  | { readonly kind: "literal" }
  | { readonly kind: "undated"; readonly count: number }
  | { readonly kind: "other"; readonly text: string };

/** Reads one or several warnings; browsers join repeated headers with a comma. */
export function parseWarnings(header: string | null): readonly SearchWarning[] {
  if (header === null) return [];
  return header
    .split(/(?:^|,)\s*(?=299\s)/u)
    .map((part) => wordsOf(part))
    .filter((words) => words !== "")
    .map(classify);
}

/** `299 host "text"` and the standard's own looser `299 host: text`. */
function wordsOf(part: string): string {
  const quoted = /^\s*299\s+[^"]*"((?:[^"\\]|\\.)*)"/u.exec(part)?.[1];
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gu, "$1").trim();
  return part.replace(/^\s*299\s+\S+?:?\s+/u, "").replace(/,\s*$/u, "").trim();
}

function classify(words: string): SearchWarning {
  const more = /(?:there are\s+)?(\d+)?\s*additional results/iu.exec(words);
  if (more !== null) return { kind: "more", count: more[1] === undefined ? null : Number(more[1]) };
  if (/fuzzymatching/iu.test(words)) return { kind: "literal" };
  const undated = /(\d+) studies without a study date/iu.exec(words);
  if (undated !== null) return { kind: "undated", count: Number(undated[1]) };
  const repository = /(?:repository|region)\s+(\S+?)\s+(?:did not|does not|is |cannot|has not|was )/iu.exec(words);
  if (repository?.[1] !== undefined) return { kind: "repository", repository: repository[1], text: words };
  return { kind: "other", text: words };
}
