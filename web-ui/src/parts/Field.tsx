import { useId, type InputHTMLAttributes, type ReactNode } from "react";

/** A text field with its name, what belongs into it and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  extra,
  ...input
}: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Shown beside the field. */
  extra?: ReactNode;
} & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const described = [hint === undefined ? null : `${id}-hint`, error === undefined ? null : `${id}-error`];
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <div className="field-row">
        <input
          {...input}
          id={id}
          aria-invalid={error !== undefined}
          aria-describedby={described.filter(Boolean).join(" ") || undefined}
        />
        {extra}
      </div>
      {error !== undefined && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
