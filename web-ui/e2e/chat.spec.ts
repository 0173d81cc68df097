import { expect, test } from "./fixtures";

/** With likeliest words only, the model's answer to this has thousands of them. */
const LONG = "Write a very long poem about the sea.";

test("an answer streams in, and the next one can be stopped", async ({ ownersPage: page, box }) => {
  await page.goto(`${box.console.address}/chat`);
  // The question goes on to the box once the page was seen waiting: the answer to it may be there at once.
  let letGo: () => void = () => undefined;
  const seenWaiting = new Promise<void>((resolve) => (letGo = resolve));
  await page.route("**/v1/chat/completions", async (route) => {
    await seenWaiting;
    await route.continue({ postData: { ...(route.request().postDataJSON() as object), temperature: 0 } });
  });
  const say = page.getByLabel("Your message");
  await say.fill("What is the capital of France? Answer in one sentence.");
  await say.press("Enter");
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  letGo();
  await expect(page.getByText(/\d tokens per second/)).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole("button", { name: "Send" })).toBeVisible();

  await say.fill(LONG);
  await say.press("Enter");
  await expect(page.getByRole("article")).toHaveCount(4);
  const answer = page.getByRole("article").last();
  await expect(answer.locator(".bubble-text")).toHaveText(/\w+ \w+/, { timeout: 60_000 });
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(answer.getByText(/^Stopped by you/)).toBeVisible();

  // Elsewhere and back: what was said is still there, until one starts anew.
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("link", { name: "Chat", exact: true }).click();
  await expect(page.getByRole("article")).toHaveCount(4);
  await page.getByRole("button", { name: "New conversation" }).click();
  await expect(page.getByRole("article")).toHaveCount(0);
});
