import { useRef, useState, type SyntheticEvent } from "react";

import * as box from "../../api/box";
import { Problem } from "../../api/problem";
import type { ClaimState } from "../../api/types";
import { Field } from "../../parts/Field";
import { PasswordField } from "../../parts/PasswordField";
import { ProblemNote } from "../../parts/ProblemNote";
import { SubmitButton } from "../../parts/SubmitButton";
import { useAction } from "../../parts/use_action";
import { useCountdown } from "../../parts/use_countdown";
import { useSession } from "../../session/SessionProvider";
import { countdown, plural } from "../../words/format";
import { claimErrors, tidyCode, type ClaimErrors, type ClaimFields } from "./claim_rules";

const EMPTY: ClaimFields = { code: "", username: "", password: "", repeat: "" };

export function ClaimForm({ first }: { first: ClaimState }) {
  const { entered, ask } = useSession();
  const form = useRef<HTMLFormElement>(null);
  const [fields, setFields] = useState(EMPTY);
  const [errors, setErrors] = useState<ClaimErrors>({});
  const [triesLeft, setTriesLeft] = useState(first.tries_left);
  const [deadline, setDeadline] = useState(() => after(first.retry_after_seconds));
  const wait = useCountdown(deadline);

  const explain = async (failure: Problem) => {
    setErrors(Object.fromEntries([...failure.fields].filter(([name]) => name in EMPTY)));
    if (failure.slug === "already-claimed") return ask();
    if (failure.slug === "wrong-claim-code") setErrors({ code: "This is not the code on the console." });
    // The box knows how many tries are left.
    const state = await box.claimState().catch(() => null);
    if (state?.claimed) return ask();
    if (state !== null) setTriesLeft(state.tries_left);
    setDeadline(after(failure.retryAfter ?? state?.retry_after_seconds ?? null));
  };

  const { start, busy, problem, clearProblem } = useAction(async () => {
    const { code, username, password } = fields;
    try {
      const { user } = await box.claim({ code, username: username.trim().toLowerCase(), password });
      entered(user);
    } catch (error) {
      await explain(Problem.from(error));
      throw error;
    }
  });

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (wait > 0) return;
    const found = claimErrors(fields);
    setErrors(found);
    const wrong = Object.keys(found)[0];
    if (wrong === undefined) start();
    else {
      clearProblem();
      form.current?.querySelector<HTMLInputElement>(`input[name="${wrong}"]`)?.focus();
    }
  };

  const field = (name: keyof ClaimFields) => ({
    name,
    value: fields[name],
    error: errors[name],
    required: true,
    onChange: ({ target }: { target: { value: string } }) => {
      setFields({ ...fields, [name]: name === "code" ? tidyCode(target.value) : target.value });
      setErrors({ ...errors, [name]: undefined });
    },
  });

  return (
    <form className="card" ref={form} onSubmit={submit} noValidate>
      {problem !== null && problem.slug !== "invalid-request" && <ProblemNote problem={problem} />}
      <Field
        {...field("code")}
        label="Claim code"
        hint="Eight letters and digits, shown on the box’s console beside “Claim code”."
        className="code-input"
        placeholder="ABCD-EFGH"
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
      />
      {wait > 0 ? (
        <p className="note">
          Too many wrong codes. The box takes the next one in <strong>{countdown(wait)}</strong>.
        </p>
      ) : (
        triesLeft < 5 && triesLeft > 0 && <p className="hint">{plural(triesLeft, "try", "tries")} left before a pause.</p>
      )}
      <Field
        {...field("username")}
        label="User name"
        hint="What you sign in with, for instance ada."
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
      />
      <PasswordField {...field("password")} label="Password" hint="At least 10 characters." autoComplete="new-password" />
      <PasswordField {...field("repeat")} label="The same password again" autoComplete="new-password" />
      <SubmitButton busy={busy} busyText="Claiming the box…" disabled={wait > 0}>
        Claim the box
      </SubmitButton>
    </form>
  );
}

function after(seconds: number | null): number | null {
  return seconds === null ? null : Date.now() + seconds * 1000;
}
