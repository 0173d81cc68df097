import { useState, type ComponentProps } from "react";

import { Field } from "./Field";

/** A field for a password that can be looked at. */
export function PasswordField(props: Omit<ComponentProps<typeof Field>, "type" | "extra">) {
  const [shown, setShown] = useState(false);
  return (
    <Field
      {...props}
      type={shown ? "text" : "password"}
      autoCapitalize="none"
      spellCheck={false}
      extra={
        <button
          type="button"
          className="button"
          aria-pressed={shown}
          aria-label={`Show the text of “${props.label}”`}
          onClick={() => setShown(!shown)}
        >
          {shown ? "Hide" : "Show"}
        </button>
      }
    />
  );
}
