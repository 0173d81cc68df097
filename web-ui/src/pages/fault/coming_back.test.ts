import { expect, test } from "vitest";

import { INITIAL, next, type Doing, type Seen } from "./coming_back";

const after = (doing: Doing, seen: Seen[]) => seen.reduce((before, one) => next(doing, before, one), INITIAL).stage;
const times = (count: number, seen: Seen) => Array<Seen>(count).fill(seen);

test.each([
  ["opened", ["fault", "fault", "works"], "ready"],
  ["opened", ["nothing", "nothing"], "waiting"],
  ["opened", times(3, "nothing"), "unseen"],
  ["opened", ["nothing", "nothing", "nothing", "works"], "ready"],
  ["opened", ["nothing", "fault"], "waiting"],
  ["opened", times(30, "fault"), "slow"],
  ["restarting", ["fault", "fault"], "waiting"],
  ["restarting", ["fault", "nothing", "fault"], "fault"],
  ["restarting", times(30, "fault"), "slow"],
  ["erased", ["nothing", "works"], "ready"],
] as [Doing, Seen[], string][])("%s: %j is %s", (doing, seen, stage) => expect(after(doing, seen)).toBe(stage));
