// @vitest-environment jsdom
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { UpdateStatus } from "../../api/types";
import { forgetAll } from "../../live/box_state";
import { FromFile } from "./FromFile";

/** A file that is being sent. */
class Wire {
  static last: Wire;
  upload: { onprogress: ((event: { loaded: number }) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onabort: (() => void) | null = null;
  status = 200;
  responseText = "";
  constructor() {
    Wire.last = this;
  }
  open = () => undefined;
  setRequestHeader = () => undefined;
  getResponseHeader = () => "application/problem+json";
  send = () => undefined;
  abort = () => this.onabort?.();
}

/** Where orders went to. */
let orders: string[];

beforeEach(() => {
  forgetAll();
  orders = [];
  vi.stubGlobal("XMLHttpRequest", Wire);
  vi.spyOn(globalThis, "fetch").mockImplementation((path, init) => {
    if (init?.method === "POST") orders.push(path as string);
    return Promise.resolve(Response.json({}));
  });
});

const status = (phase: UpdateStatus["phase"], activity: UpdateStatus["activity"]) =>
  ({ availability: { state: "ready" }, activity, phase }) as UpdateStatus;
const show = (phase: UpdateStatus["phase"] = { phase: "idle" }) => render(<FromFile status={status(phase, null)} />);
const choose = (file: File) => userEvent.upload(screen.getByLabelText("Choose the file"), file);
const stop = () => userEvent.click(screen.getByRole("button", { name: "Stop" }));
const FILE = new File(["x".repeat(1_000)], "anya-1.3.0.update");

test("a file is sent with its progress, and can be stopped", async () => {
  show();
  await choose(FILE);
  act(() => Wire.last.upload.onprogress?.({ loaded: 250 }));
  expect(screen.getByRole("progressbar", { name: "Sending anya-1.3.0.update" }).getAttribute("aria-valuenow")).toBe("25");
  await stop();
  await screen.findByLabelText("Choose the file");
  expect(orders).toEqual([]);

  await choose(FILE);
  act(() => Wire.last.upload.onprogress?.({ loaded: 1_000 }));
  screen.getByText(/checks who signed it/);
  Wire.last.status = 422;
  Wire.last.responseText = JSON.stringify({ type: "urn:anya:problem:update-refused", title: "t", detail: "Nobody signed it." });
  act(() => Wire.last.onload?.());
  await screen.findByText(/Nobody signed it/);

  await choose(FILE);
  Wire.last.responseText = JSON.stringify({ offer: { version: "1.3.0" } });
  act(() => Wire.last.onload?.());
  await screen.findByText(/Version 1.3.0 is on the box/);
});

test("a file that the box has whole is stopped there as well", async () => {
  show();
  await choose(FILE);
  act(() => Wire.last.upload.onprogress?.({ loaded: 1_000 }));
  await stop();
  expect(orders).toEqual(["/api/v1/updates/cancel"]);
});

test("while another update is under way, no file can be chosen", () => {
  show({ phase: "ready", version: "1.3.0" }).rerender(
    <FromFile status={status({ phase: "downloading", version: "1.3.0", done: 0, total: 1 }, "downloading")} />,
  );
  screen.getByText(/Another update is under way/);
  expect(screen.queryByLabelText("Choose the file")).toBeNull();
});

test("a file that is too large is not sent", async () => {
  show();
  const file = new File(["x"], "disk.raw.update");
  Object.defineProperty(file, "size", { value: 3 * 1024 ** 3 });
  await choose(file);
  await screen.findByText("This file is too large");
});
