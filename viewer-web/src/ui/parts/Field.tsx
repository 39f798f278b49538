import { type ReactNode, useId } from "react";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "date" | "datetime-local" | "number";
  readonly hint?: string | null;
  readonly problem?: string | null;
  readonly required?: boolean;
  readonly name?: string;
  readonly placeholder?: string;
}

/** A labelled field. Browsers must not remember what is typed: it names patients. */
export function Field({ label, value, onChange, type = "text", hint = null, problem = null, required = false, name, placeholder }: FieldProps): React.JSX.Element {
  const id = useId();
  const note = problem ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required ? <span aria-hidden="true"> *</span> : null}
      </label>
      <input
        id={id}
        name={name}
        type={type}
        value={value}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        required={required}
        aria-invalid={problem !== null}
        aria-describedby={note === null ? undefined : `${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
      {note === null ? null : (
        <span id={`${id}-note`} className={problem === null ? "hint" : "hint hint-problem"}>
          {note}
        </span>
      )}
    </div>
  );
}

/** A labelled choice of one. */
export function Choice({ label, value, onChange, children, name }: { readonly label: string; readonly value: string; readonly onChange: (value: string) => void; readonly children: ReactNode; readonly name?: string }): React.JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} name={name} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </div>
  );
}
