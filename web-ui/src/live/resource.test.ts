import { expect, test, vi } from "vitest";

import { Problem } from "../api/problem";
import { Resource } from "./resource";

test("what is known stays visible while it is asked anew, and when that fails", async () => {
  const ask = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValueOnce(Problem.unreachable());
  const resource = new Resource(ask);
  await resource.reload();
  expect(resource.snapshot()).toEqual({ value: 1, problem: null, asking: false });
  const asking = resource.reload();
  expect(resource.snapshot()).toEqual({ value: 1, problem: null, asking: true });
  await asking;
  expect(resource.snapshot()).toMatchObject({ value: 1, problem: { slug: "unreachable" }, asking: false });
});

test("an answer that comes late does not replace a newer event", async () => {
  let give: (value: number) => void = () => undefined;
  const resource = new Resource(() => new Promise<number>((resolve) => (give = resolve)));
  const asking = resource.reload();
  resource.put(7);
  give(6);
  await asking;
  expect(resource.snapshot().value).toBe(7);
});

test("listeners hear of changes until they leave", () => {
  const resource = new Resource(() => Promise.resolve(0));
  const listener = vi.fn();
  const leave = resource.subscribe(listener);
  expect(resource.watched).toBe(true);
  resource.put(1);
  leave();
  resource.put(2);
  expect(listener).toHaveBeenCalledOnce();
  expect(resource.watched).toBe(false);
});
