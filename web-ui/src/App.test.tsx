// @vitest-environment jsdom
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import { App } from "./App";
import { forgetAll } from "./live/box_state";

/** What the box answers, by method and path; a test changes it as it goes. */
let answers: Record<string, () => Response>;
let socket: { onopen: (() => void) | null; onmessage: ((m: { data: string }) => void) | null } | null = null;

const ok = (body: unknown, status = 200) => Response.json(body, { status });
const problem = (status: number, slug: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: `urn:anya:problem:${slug}`, title: slug, detail: "It is so.", next: "Try." }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
const nobody = () => problem(401, "unauthorized");
const ADA = { user: { id: "1", username: "ada", role: "administrator" }, via: "session", expires_at: null };
const CLAIM = {
  claimed: false,
  tries_left: 5,
  retry_after_seconds: null,
  certificate: { sha256: "AB:CD", words: ["one", "two", "three", "four", "five", "six"], ca_sha256: "EF:01" },
};

beforeEach(() => {
  forgetAll();
  history.replaceState(null, "", "/");
  vi.stubGlobal(
    "WebSocket",
    class {
      onopen = null;
      onmessage = null;
      constructor() {
        // eslint-disable-next-line @typescript-eslint/no-this-alias -- the test plays the box's side of it
        socket = this;
      }
      close = () => undefined;
    },
  );
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const path = (input as string).replace(/\?.*/, "");
    const answer = answers[`${init?.method ?? "GET"} ${path}`];
    return Promise.resolve(answer === undefined ? problem(404, "not-found") : answer());
  });
});

test("a session that ends leads to signing in, and back to where one was", async () => {
  let signedIn = true;
  const guarded = (body: unknown) => () => (signedIn ? ok(body) : nobody());
  answers = {
    "GET /api/v1/access/session": guarded(ADA),
    "GET /api/v1/access/claim": () => ok({ ...CLAIM, claimed: true }),
    "GET /api/v1/security/keys": guarded({ items: [], next_cursor: null }),
    "GET /api/v1/security/tokens": guarded({ items: [], next_cursor: null }),
    "POST /api/v1/access/session": () => {
      signedIn = true;
      return ok(ADA, 201);
    },
  };
  history.replaceState(null, "", "/keys");
  render(<App />);
  await screen.findByText(/There are no keys yet/);

  signedIn = false;
  socket?.onopen?.();
  await screen.findByText(/Your session has ended/);
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("User name"), "Ada");
  await user.type(screen.getByLabelText("Password"), "correct horse{Enter}");
  await screen.findByText(/There are no keys yet/);
  expect(location.pathname).toBe("/keys");
});

test("a wrong claim code is said beside the code, with the tries that are left", async () => {
  answers = {
    "GET /api/v1/access/session": nobody,
    "GET /api/v1/access/claim": () => ok(CLAIM),
    "POST /api/v1/access/claim": () => problem(403, "wrong-claim-code"),
  };
  render(<App />);
  const user = userEvent.setup();
  await user.type(await screen.findByLabelText("Claim code"), "abcdefgh");
  await user.type(screen.getByLabelText("User name"), "ada");
  await user.type(screen.getByLabelText("Password"), "correct horse");
  await user.type(screen.getByLabelText("The same password again"), "correct horse");
  answers["GET /api/v1/access/claim"] = () => ok({ ...CLAIM, tries_left: 1 });
  await user.click(screen.getByRole("button", { name: "Claim the box" }));
  await screen.findByText("This is not the code on the console.");
  expect(screen.getByLabelText("Claim code").getAttribute("aria-invalid")).toBe("true");
  await screen.findByText("1 try left before a pause.");

  answers["POST /api/v1/access/claim"] = () => problem(429, "too-many-attempts", { "Retry-After": "30" });
  await user.click(screen.getByRole("button", { name: "Claim the box" }));
  await screen.findByText(/The box takes the next one in/);
  await waitFor(() => expect(screen.getByRole("button", { name: "Claim the box" })).toHaveProperty("disabled", true));
});

test("a box that does not answer is said so, with a way to try again", async () => {
  answers = { "GET /api/v1/access/session": () => Response.error() };
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("Failed to fetch"));
  render(<App />);
  await screen.findByText("The box does not answer");
  expect(screen.getByRole("button", { name: "Try again" })).toBeDefined();
});

test("a box with a fault shows that and nothing else", async () => {
  answers = {
    "GET /api/v1/access/session": () => problem(503, "unavailable"),
    "GET /api/v1/system/fault": () =>
      ok({
        fault: {
          kind: "data_closed",
          reason: "tpm_missing",
          title: "The chip is missing",
          text: "No chip answers.",
          ways_out: ["recovery_key", "restart"],
        },
      }),
    "POST /api/v1/storage/unlock": () => problem(422, "recovery-key-wrong"),
  };
  render(<App />);
  await screen.findByText("The chip is missing");
  expect(screen.queryByText("Erase everything and begin anew")).toBeNull();
  const user = userEvent.setup();
  await user.type(screen.getByLabelText("Recovery key"), "abc{Enter}");
  await screen.findByText(/This key does not open the data/);
  expect(screen.getByLabelText("Recovery key").getAttribute("aria-invalid")).toBe("true");
});
