import { expect, test, vi } from "vitest";

import { json, onSignedOut, withQuery } from "./http";
import { Problem } from "./problem";

function answer(status: number, body: unknown): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  vi.spyOn(globalThis, "fetch").mockResolvedValue(
    new Response(JSON.stringify(body), { status, headers: { "Content-Type": type } }),
  );
}

test("a box that cannot be reached is said so", async () => {
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
  await expect(json("/x")).rejects.toMatchObject({ slug: "unreachable", title: "The box does not answer" });
});

test("an ended session is told to those who listen, wrong credentials are not", async () => {
  const listener = vi.fn();
  const stop = onSignedOut(listener);
  answer(401, { type: "urn:anya:problem:wrong-credentials", title: "Wrong" });
  await expect(json("/x")).rejects.toBeInstanceOf(Problem);
  expect(listener).not.toHaveBeenCalled();
  answer(401, { type: "urn:anya:problem:unauthorized", title: "Nobody is signed in" });
  await expect(json("/x")).rejects.toBeInstanceOf(Problem);
  expect(listener).toHaveBeenCalledOnce();
  stop();
});

test("a status that is an answer too is read", async () => {
  answer(503, { status: "not_ready" });
  await expect(json("/readyz", { alsoFine: [503] })).resolves.toEqual({ status: "not_ready" });
});

test("queries leave out what is not given", () => {
  expect(withQuery("/x", { limit: 5, cursor: null })).toBe("/x?limit=5");
  expect(withQuery("/x", { cursor: "a b&c" })).toBe("/x?cursor=a+b%26c");
  expect(withQuery("/x", {})).toBe("/x");
});
