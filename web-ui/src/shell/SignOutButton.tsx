import { Icon } from "../parts/Icon";
import { useAction } from "../parts/use_action";
import { useSession } from "../session/SessionProvider";

export function SignOutButton() {
  const { signOut } = useSession();
  const { start, busy, problem } = useAction(signOut);
  return (
    <>
      <button type="button" className="button quiet" aria-disabled={busy || undefined} onClick={start}>
        <Icon name="out" />
        <span>{busy ? "Signing out…" : "Sign out"}</span>
      </button>
      {problem !== null && (
        <span role="alert" className="field-error">
          This did not work: {problem.message}
        </span>
      )}
    </>
  );
}
