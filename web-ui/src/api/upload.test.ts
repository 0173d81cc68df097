// @vitest-environment jsdom
import { beforeEach, expect, test, vi } from "vitest";

import { onSignedOut } from "./http";
import { Problem } from "./problem";
import { upload } from "./upload";

/** A request that the test answers. */
class Wire {
  static last: Wire;
  upload: { onprogress: ((event: { loaded: number }) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  status = 0;
  responseText = "";
  sent: unknown = null;
  headers: Record<string, string> = {};
  type = "application/problem+json";
  constructor() {
    Wire.last = this;
  }
  open = vi.fn();
  setRequestHeader = (name: string, value: string) => (this.headers[name] = value);
  getResponseHeader = (name: string) => (name === "Content-Type" ? this.type : null);
  send = (body: unknown) => (this.sent = body);
  abort = () => this.onabort?.();
  answer(status: number, body: object): void {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
  }
}

beforeEach(() => vi.stubGlobal("XMLHttpRequest", Wire));

const FILE = new Blob(["x".repeat(10)]);
const sent: number[] = [];
function begin(): { done: Promise<{ ok: boolean }>; stop: AbortController } {
  sent.length = 0;
  const stop = new AbortController();
  const done = upload<{ ok: boolean }>("/api/v1/updates/file", FILE, (bytes) => sent.push(bytes), stop.signal);
  return { done, stop };
}

test("a file is sent as it is, and how much of it is told", async () => {
  const { done } = begin();
  expect(Wire.last.open).toHaveBeenCalledWith("POST", "/api/v1/updates/file");
  expect(Wire.last.headers["Content-Type"]).toBe("application/octet-stream");
  expect(Wire.last.sent).toBe(FILE);
  Wire.last.upload.onprogress?.({ loaded: 4 });
  Wire.last.upload.onprogress?.({ loaded: 10 });
  Wire.last.answer(200, { ok: true });
  expect(await done).toEqual({ ok: true });
  expect(sent).toEqual([4, 10]);
});

test("a refusal is a problem, and an ended session is noticed", async () => {
  const signedOut = vi.fn();
  const leave = onSignedOut(signedOut);
  const { done } = begin();
  Wire.last.answer(422, { type: "urn:anya:problem:update-refused", title: "Refused", detail: "Nobody signed it." });
  await expect(done).rejects.toMatchObject({ slug: "update-refused", message: "Nobody signed it." });
  expect(signedOut).not.toHaveBeenCalled();

  const { done: again } = begin();
  Wire.last.answer(401, { type: "urn:anya:problem:unauthorized", title: "Nobody" });
  await expect(again).rejects.toMatchObject({ status: 401 });
  expect(signedOut).toHaveBeenCalledOnce();
  leave();
});

test("a connection that breaks, and somebody who stops it, are told apart", async () => {
  const { done } = begin();
  Wire.last.onerror?.();
  await expect(done).rejects.toBeInstanceOf(Problem);
  const { done: stopped, stop } = begin();
  stop.abort();
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
});
