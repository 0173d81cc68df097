// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Model } from "../../api/types";
import { Messages } from "./Messages";

const MODEL = { id: "m", state: { state: "ready" } } as Model;
const SLEEPING: Model = { ...MODEL, state: { state: "on_disk" } };

test("what a model writes is shown as text, never as a part of the page", () => {
  const content = '<img src=x onerror="alert(1)"> **bold** [link](javascript:alert(1))';
  const message = { id: 1, role: "assistant" as const, content, ended: "stop" as const, tokensPerSecond: 41.6 };
  const { container } = render(
    <Messages state={{ messages: [message], askedAt: null, problem: null }} model={MODEL} />,
  );
  expect(screen.getByText(content)).toBeDefined();
  expect(container.querySelector("img, a, script")).toBeNull();
  expect(screen.getByText("Done, 42 tokens per second")).toBeDefined();
});

test("the first answer is said to wait for the model", () => {
  const message = { id: 1, role: "assistant" as const, content: "", ended: null, tokensPerSecond: null };
  render(<Messages state={{ messages: [message], askedAt: 1, problem: null }} model={SLEEPING} />);
  expect(screen.getByText(/Loading the model into memory/)).toBeDefined();
});
