// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";

import type { Token } from "../../api/types";
import { boxState, forgetAll } from "../../live/box_state";
import { PluggedInTokens } from "./PluggedInTokens";

const OWN = { name: "softhsm", algorithms: [], state: "ready", health: { state: "healthy" }, pin_tries: "untold", keys: 1 } as unknown as Token;
const CARD = {
  ...OWN,
  name: "usb-denk0100042",
  label: "Ada’s card",
  manufacturer: "CardContact",
  model: "SmartCard-HSM",
  serial: "DENK0100042",
  state: "needs_pin",
  health: { state: "failing", reason: "it is locked; enter its PIN" },
} as Token;
const OPEN: Token = { ...CARD, state: "ready", health: { state: "healthy" } };

/** What the box says to a PIN. */
let answer: (pin: string) => Response;
let tokens: Token[];
let tried: string[];

const problem = (status: number, slug: string, detail: string) =>
  new Response(JSON.stringify({ type: `urn:anya:problem:${slug}`, title: slug, detail, next: "" }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
const wrong = () => problem(422, "wrong-pin", "");

beforeEach(() => {
  forgetAll();
  tokens = [OWN, CARD];
  tried = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((path, init) => {
    if (path === "/api/v1/security/tokens") return Promise.resolve(Response.json({ items: tokens, next_cursor: null }));
    expect(path).toBe("/api/v1/security/tokens/usb-denk0100042/login");
    const { pin } = JSON.parse(init?.body as string) as { pin: string };
    tried.push(pin);
    return Promise.resolve(answer(pin));
  });
});

async function typePin(pin: string): Promise<void> {
  const user = userEvent.setup();
  await user.clear(screen.getByLabelText("PIN"));
  await user.type(screen.getByLabelText("PIN"), `${pin}{Enter}`);
}

async function open(): Promise<void> {
  render(<PluggedInTokens />);
  await userEvent.click(await screen.findByRole("button", { name: "Enter the PIN of usb-denk0100042" }));
  screen.getByRole("dialog", { name: "Enter the PIN of usb-denk0100042" });
}

test("a wrong PIN is said, the same one is not sent again, the right one unlocks", async () => {
  await open();
  screen.getByText("Wrong PINs lock a token");
  expect(screen.queryByText("softhsm")).toBeNull();
  answer = wrong;
  await typePin("000000");
  await screen.findByText(/^This PIN is wrong\./);
  expect(screen.getByLabelText("PIN").getAttribute("aria-invalid")).toBe("true");

  await typePin("000000");
  await screen.findByText(/refused this very PIN before/);
  expect(tried).toEqual(["000000"]);
  await typePin("111111");
  await screen.findByText(/the second one in a row/);

  tokens = [OWN, OPEN];
  answer = () => new Response(null, { status: 204 });
  await typePin("648219");
  await screen.findByText("Healthy");
  expect(screen.getByRole("status").textContent).toBe("usb-denk0100042 is unlocked and can be used.");
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.queryByRole("button", { name: /Enter the PIN/ })).toBeNull();
});

test("a token that tells of its last try says so, and one that is locked by then takes no more", async () => {
  await open();
  tokens = [OWN, { ...CARD, pin_tries: "one" }];
  answer = wrong;
  await typePin("000000");
  await screen.findByText(/one try is left/);
  answer = () => {
    tokens = [OWN, { ...CARD, state: "locked", pin_tries: "locked" }];
    return wrong();
  };
  await typePin("111111");
  await screen.findByText("The token has locked itself");
  expect(screen.getByText("Locked")).toBeTruthy();
});

test("nothing is sent without a PIN", async () => {
  await open();
  await userEvent.click(screen.getByRole("button", { name: "Unlock" }));
  await screen.findByText("Type the PIN.");
  expect(tried).toEqual([]);
});

test("a token that has locked itself takes no further PIN", async () => {
  await open();
  answer = () => problem(503, "token-locked", "`token:usb-denk0100042` is locked after too many wrong PINs.");
  await typePin("222222");
  await screen.findByText("The token has locked itself");
  expect(screen.queryByLabelText("PIN")).toBeNull();
});

test("a token that does not answer may be asked again", async () => {
  await open();
  answer = () => problem(503, "unavailable", "`token:usb-denk0100042` did not answer in time when asked to log in.");
  await typePin("648219");
  await screen.findByText("The token does not answer");
  await userEvent.click(screen.getByRole("button", { name: "Unlock" }));
  await vi.waitFor(() => expect(tried).toEqual(["648219", "648219"]));
});

test("a token that is pulled out meanwhile is said to be", async () => {
  await open();
  tokens = [OWN];
  await boxState.tokens.reload();
  await screen.findByText("The token was pulled out");
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByText("usb-denk0100042")).toBeNull();
});
