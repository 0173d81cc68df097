import { Field } from "../../parts/Field";
import { CODE_HINT } from "./console_code";
import type { CodeAction } from "./use_code_action";

/** Where the code from the box's screen is typed. */
export function CodeField({ of }: { of: CodeAction }) {
  return (
    <Field
      label="Code from the box’s screen"
      hint={CODE_HINT}
      className="code-input"
      value={of.code}
      error={of.error}
      autoComplete="off"
      autoCapitalize="characters"
      spellCheck={false}
      onChange={(event) => of.setCode(event.target.value)}
    />
  );
}
