import { useState } from "react";

import { useAction } from "./use_action";
import type { Problem } from "../api/problem";

type Page<T> = { items: T[]; next_cursor: string | null };

export type Older<T> = {
  items: readonly T[];
  /** Whether there is more to be shown. */
  more: boolean;
  showMore: () => void;
  busy: boolean;
  problem: Problem | null;
};

/** The first page of a list and the pages behind it that were asked for. A new first page starts anew. */
export function useOlder<T>(first: Page<T>, ask: (cursor: string) => Promise<Page<T>>): Older<T> {
  const [shown, setShown] = useState<{ first: Page<T>; items: T[]; next: string | null }>({
    first,
    items: first.items,
    next: first.next_cursor,
  });
  const current = shown.first === first ? shown : { first, items: first.items, next: first.next_cursor };
  const { start, busy, problem } = useAction(async () => {
    if (current.next === null) return;
    const page = await ask(current.next);
    setShown({ first, items: [...current.items, ...page.items], next: page.next_cursor });
  });
  return { items: current.items, more: current.next !== null, showMore: start, busy, problem };
}
