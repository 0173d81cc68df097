/** Keeps the events flowing while somebody is signed in. */
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import * as box from "../api/box";
import { useSession } from "../session/SessionProvider";
import { applyEvent, reloadShown } from "./box_state";
import { EventStream, type LiveState } from "./event_stream";

type Live = { state: LiveState; retryNow: () => void };

const LiveContext = createContext<Live>({ state: { kind: "connecting" }, retryNow: () => undefined });

export const useLive = (): Live => use(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const { ask } = useSession();
  const [state, setState] = useState<LiveState>({ kind: "connecting" });
  const stream = useRef<EventStream | null>(null);
  const retryNow = useCallback(() => stream.current?.retryNow(), []);

  useEffect(() => {
    const events = new EventStream({
      open: () => new WebSocket(eventsAddress()),
      onEvent: (event) => applyEvent(event),
      onState: setState,
      onOpen: () => reloadShown(),
      // An ended session looks like a lost connection, and so does a box that came up with a fault.
      onLost: () => {
        void box.session().catch(() => undefined);
        void box.fault().then(
          (fault) => {
            if (fault !== null) void ask();
          },
          () => undefined,
        );
      },
    });
    stream.current = events;
    const wake = () => {
      if (document.visibilityState === "visible") events.retryNow();
    };
    window.addEventListener("online", events.retryNow);
    document.addEventListener("visibilitychange", wake);
    return () => {
      window.removeEventListener("online", events.retryNow);
      document.removeEventListener("visibilitychange", wake);
      events.close();
    };
  }, [ask]);

  const live = useMemo(() => ({ state, retryNow }), [state, retryNow]);
  return <LiveContext value={live}>{children}</LiveContext>;
}

function eventsAddress(): string {
  const address = new URL("/api/v1/events", location.href);
  address.protocol = address.protocol === "http:" ? "ws:" : "wss:";
  return address.href;
}
