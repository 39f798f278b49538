import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ServiceError } from "../../dicomweb/errors";
import type { RepositoryForm, TestResult } from "../../model/repository";
import { testDefinition } from "../../service/admin";
import { useServices } from "../services";
import { asServiceError } from "../useLoad";

type Definition = Readonly<Record<string, unknown>>;

/** What became of the last press. */
export type FormDoing = { readonly kind: "nothing" } | { readonly kind: "busy" } | { readonly kind: "tested"; readonly result: TestResult } | { readonly kind: "failed"; readonly error: ServiceError };

interface FormRules {
  readonly initial: () => RepositoryForm;
  /** The fields that still need something. */
  readonly missing: (form: RepositoryForm) => readonly (keyof RepositoryForm)[];
  readonly definition: (form: RepositoryForm) => Definition;
  readonly save: (definition: Definition, signal: AbortSignal) => Promise<void>;
}

interface FormState {
  readonly form: RepositoryForm;
  readonly doing: FormDoing;
  readonly set: (change: Partial<RepositoryForm>) => void;
  /** What is wrong with a field; nothing before the first press. */
  readonly problem: (field: keyof RepositoryForm) => string | null;
  readonly test: () => void;
  readonly submit: (event: FormEvent) => void;
}

/** A repository's definition as it is typed: tested, or saved, once nothing is missing. */
export function useRepositoryForm({ initial, missing, definition, save }: FormRules): FormState {
  const { http } = useServices();
  const { t } = useTranslation();
  const [form, setForm] = useState<RepositoryForm>(initial);
  const [checked, setChecked] = useState(false);
  const [doing, setDoing] = useState<FormDoing>({ kind: "nothing" });

  const run = async (action: (definition: Definition, signal: AbortSignal) => Promise<FormDoing>): Promise<void> => {
    setChecked(true);
    if (missing(form).length > 0) return;
    setDoing({ kind: "busy" });
    try {
      setDoing(await action(definition(form), AbortSignal.timeout(60_000)));
    } catch (cause) {
      setDoing({ kind: "failed", error: asServiceError(cause) });
    }
  };
  return {
    form,
    doing,
    set: (change) => setForm((old) => ({ ...old, ...change })),
    problem: (field) => (checked && missing(form).includes(field) ? t("admin.needed") : null),
    test: () => void run(async (typed, signal) => ({ kind: "tested", result: await testDefinition(http, typed, signal) })),
    submit: (event) => {
      event.preventDefault();
      void run((typed, signal) => save(typed, signal).then(() => ({ kind: "nothing" }) as const));
    },
  };
}
