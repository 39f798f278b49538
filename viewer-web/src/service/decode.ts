import { ServiceError } from "../dicomweb/errors";
import { isRecord } from "../dicomweb/json";

/** Checked reading of the service's own JSON. What must be there and is not makes the answer malformed; the rest is null. */
export interface Fields {
  readonly text: (name: string) => string;
  readonly optional: (name: string) => string | null;
  readonly number: (name: string) => number | null;
  readonly flag: (name: string) => boolean;
  readonly texts: (name: string) => readonly string[];
  readonly object: (name: string) => Fields | null;
  /** An object as it came, to be given back. */
  readonly record: (name: string) => Readonly<Record<string, unknown>>;
  readonly list: <T>(name: string, read: (item: Fields) => T) => readonly T[];
}

/** The fields of a JSON object. */
export function fieldsOf(input: unknown): Fields {
  if (!isRecord(input)) throw new ServiceError("malformed");
  const optional = (name: string): string | null => {
    const value = input[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  return {
    optional,
    text: (name) => {
      const value = optional(name);
      if (value === null) throw new ServiceError("malformed", { parameter: name });
      return value;
    },
    number: (name) => {
      const value = input[name];
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    },
    flag: (name) => input[name] === true,
    texts: (name) => arrayOf(input[name]).filter((item): item is string => typeof item === "string"),
    object: (name) => (isRecord(input[name]) ? fieldsOf(input[name]) : null),
    record: (name) => (isRecord(input[name]) ? input[name] : {}),
    list: (name, read) => arrayOf(input[name]).map((item) => read(fieldsOf(item))),
  };
}

/** Reads an answer that is a list. */
export function listOf<T>(input: unknown, read: (item: Fields) => T): readonly T[] {
  return arrayOf(input).map((item) => read(fieldsOf(item)));
}

/** One of the words that are known, else the word for the unknown. */
export function oneOf<T extends string>(words: readonly T[], value: string | null, otherwise: T): T {
  return words.find((word) => word === value) ?? otherwise;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
