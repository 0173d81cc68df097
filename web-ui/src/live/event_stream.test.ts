import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { EventStream, pauseAfter, type LiveState } from "./event_stream";

/** A WebSocket that the test opens and closes. */
class Wire {
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  close = vi.fn();
}

let wires: Wire[] = [];
let states: LiveState[] = [];
const onEvent = vi.fn();
const onOpen = vi.fn();
const onLost = vi.fn();

function listen(): EventStream {
  return new EventStream({
    open: () => {
      const wire = new Wire();
      wires.push(wire);
      return wire as unknown as WebSocket;
    },
    onEvent,
    onState: (state) => states.push(state),
    onOpen,
    onLost,
  });
}

const last = () => {
  const wire = wires.at(-1);
  if (wire === undefined) throw new Error("nothing was opened");
  return wire;
};

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  states = [];
  vi.clearAllMocks();
});
afterEach(() => vi.useRealTimers());

test("events arrive, and what cannot be read is skipped", () => {
  const stream = listen();
  last().onopen?.();
  last().onmessage?.({ data: '{"type":"block_connected","height":5}' });
  last().onmessage?.({ data: "{" });
  expect(onEvent.mock.calls).toEqual([[{ type: "block_connected", height: 5 }]]);
  expect(states.at(-1)).toEqual({ kind: "live" });
  stream.close();
});

test("a lost connection is opened again, and everything is asked anew then", () => {
  const stream = listen();
  last().onopen?.();
  expect(onOpen).toHaveBeenCalledTimes(1);
  last().onclose?.();
  expect(states.at(-1)).toMatchObject({ kind: "lost" });
  expect(onLost).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(2_000);
  expect(wires).toHaveLength(2);
  last().onopen?.();
  expect(onOpen).toHaveBeenCalledTimes(2);
  stream.close();
});

test("pauses grow and stay bounded", () => {
  const pauses = [1, 2, 3, 4, 5, 50].map(pauseAfter);
  for (const [place, expected] of [1_000, 2_000, 4_000, 8_000, 15_000, 15_000].entries()) {
    expect(pauses[place]).toBeGreaterThanOrEqual(expected * 0.9);
    expect(pauses[place]).toBeLessThanOrEqual(expected * 1.1);
  }
});

test("one may try at once instead of waiting", () => {
  const stream = listen();
  last().onclose?.();
  stream.retryNow();
  expect(wires).toHaveLength(2);
  stream.retryNow();
  expect(wires).toHaveLength(2);
  stream.close();
});

test("silence counts as lost", () => {
  const stream = listen();
  const silent = last();
  silent.onopen?.();
  vi.advanceTimersByTime(31_000);
  expect(silent.close).toHaveBeenCalled();
  expect(states.some((state) => state.kind === "lost")).toBe(true);
  stream.close();
});

test("once closed, it stays closed", () => {
  const stream = listen();
  stream.close();
  last().onclose?.();
  vi.advanceTimersByTime(60_000);
  expect(wires).toHaveLength(1);
});
