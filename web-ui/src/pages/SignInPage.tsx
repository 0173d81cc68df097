import { useState, type SyntheticEvent } from "react";

import * as box from "../api/box";
import { Problem } from "../api/problem";
import { Field } from "../parts/Field";
import { Mark } from "../parts/Mark";
import { PageTitle } from "../parts/PageTitle";
import { PasswordField } from "../parts/PasswordField";
import { ProblemNote } from "../parts/ProblemNote";
import { SubmitButton } from "../parts/SubmitButton";
import { useAction } from "../parts/use_action";
import { useCountdown } from "../parts/use_countdown";
import { useSession } from "../session/SessionProvider";
import { countdown } from "../words/format";

export function SignInPage({ expired }: { expired: boolean }) {
  const { entered } = useSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [deadline, setDeadline] = useState<number | null>(null);
  const wait = useCountdown(deadline);
  const { start, busy, problem } = useAction(async () => {
    const { user } = await box.signIn({ username: username.trim().toLowerCase(), password }).catch((error: unknown) => {
      setDeadline(waitUntil(error));
      throw error;
    });
    entered(user);
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (wait === 0) start();
  };

  return (
    <main className="narrow">
      <div className="brand-title">
        <Mark /> Anya Box
      </div>
      <PageTitle>Sign in</PageTitle>
      {expired && (
        <p className="note" role="status">
          Your session has ended. Sign in again to go on where you were.
        </p>
      )}
      <form className="card" onSubmit={submit}>
        {problem !== null && <ProblemNote problem={problem} />}
        <Field
          label="User name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          value={username}
          onChange={(event) => setUsername(event.target.value)}
        />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <SubmitButton busy={busy} busyText="Checking…" disabled={wait > 0}>
          {wait > 0 ? `Try again in ${countdown(wait)}` : "Sign in"}
        </SubmitButton>
      </form>
    </main>
  );
}

/** Until when the box wants to be left alone, if it said so. */
function waitUntil(error: unknown): number | null {
  const seconds = Problem.from(error).retryAfter;
  return seconds === null ? null : Date.now() + seconds * 1000;
}
