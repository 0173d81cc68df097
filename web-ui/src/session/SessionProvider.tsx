/** Who uses the page: nobody yet, somebody signed in, or an owner still to be found. */
import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";

import * as box from "../api/box";
import { onSignedOut } from "../api/http";
import { Problem } from "../api/problem";
import type { ClaimState, Fault, User } from "../api/types";
import { conversation } from "../pages/chat/conversation";
import { forgetAll } from "../live/box_state";

export type SessionState =
  | { kind: "asking" }
  | { kind: "failed"; problem: Problem }
  /** The box cannot work; nothing else counts until that is settled. */
  | { kind: "fault"; fault: Fault }
  | { kind: "unclaimed"; claim: ClaimState }
  /** `expired`: a session ended by itself, so the page says so and stays where it was. */
  | { kind: "signed-out"; expired: boolean }
  | { kind: "signed-in"; user: User };

type SessionActions = {
  state: SessionState;
  /** Somebody signed in or claimed the box. */
  entered: (user: User) => void;
  signOut: () => Promise<void>;
  /** Finds out anew who uses the page. */
  ask: () => Promise<void>;
};

const SessionContext = createContext<SessionActions | null>(null);

export function useSession(): SessionActions {
  const session = use(SessionContext);
  if (session === null) throw new Error("useSession outside of SessionProvider");
  return session;
}

/** The user whose things are in memory; they survive an expired session, and nobody else sees them. */
let lastUser: string | null = null;

async function findOut(): Promise<SessionState> {
  // A box that does not tell is asked who uses it, which says why.
  const [fault, user] = await Promise.all([box.fault().catch(() => null), findUser()]);
  return fault === null ? user : { kind: "fault", fault };
}

async function findUser(): Promise<SessionState> {
  try {
    const { user } = await box.session();
    return { kind: "signed-in", user };
  } catch (error) {
    const problem = Problem.from(error);
    if (problem.status !== 401) return { kind: "failed", problem };
  }
  try {
    const claim = await box.claimState();
    return claim.claimed ? { kind: "signed-out", expired: false } : { kind: "unclaimed", claim };
  } catch (error) {
    return { kind: "failed", problem: Problem.from(error) };
  }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ kind: "asking" });

  const ask = useCallback(async () => setState(await findOut()), []);

  useEffect(() => {
    let current = true;
    void findOut().then((found) => {
      if (current) setState(found);
    });
    const stop = onSignedOut(() => {
      setState((before) => (before.kind === "signed-in" ? { kind: "signed-out", expired: true } : before));
    });
    return () => {
      current = false;
      stop();
    };
  }, []);

  const entered = useCallback((user: User) => {
    forgetAll();
    if (lastUser !== user.id) conversation.clear();
    lastUser = user.id;
    setState({ kind: "signed-in", user });
  }, []);

  const signOut = useCallback(async () => {
    await box.signOut();
    forgetAll();
    conversation.clear();
    lastUser = null;
    setState({ kind: "signed-out", expired: false });
  }, []);

  const session = useMemo(() => ({ state, entered, signOut, ask }), [state, entered, signOut, ask]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
