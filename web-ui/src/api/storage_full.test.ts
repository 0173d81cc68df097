import { afterEach, expect, test, vi } from "vitest";

import { onStorageFull, send } from "./http";

const heard: boolean[] = [];
const leave = onStorageFull((full) => heard.push(full));
afterEach(leave);

test("a refused write says that the disk is full, a write that works says that it is not", async () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  const full = { type: "urn:anya:problem:storage-full", title: "full", detail: "", next: "" };
  fetch.mockResolvedValueOnce(Response.json(full, { status: 507 }));
  await expect(send("/api/v1/security/keys", { method: "POST", body: {} })).rejects.toMatchObject({ storageFull: true });
  fetch.mockResolvedValueOnce(new Response(null, { status: 200 }));
  await send("/api/v1/security/keys");
  expect(heard).toEqual([true]);
  fetch.mockResolvedValueOnce(new Response(null, { status: 201 }));
  await send("/api/v1/security/keys", { method: "POST", body: {} });
  expect(heard).toEqual([true, false]);
});
