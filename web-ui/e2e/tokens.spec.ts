/** Tokens that people plug in: a second SoftHSM token stands for one. */
import { CARD, expect, expectNothingShutsOut, signIn, test } from "./fixtures";

test("a plugged-in token takes its PIN, makes a key, and is missed when it is pulled out", async ({ page, boxWithCard }) => {
  const { address } = boxWithCard.console;
  await page.goto(`${address}/keys`);
  await signIn(page);
  const tokens = page.getByRole("region", { name: "Smart cards and USB tokens" });
  await expect(tokens.getByText("Needs its PIN")).toBeVisible();
  await expect(tokens.getByText(CARD.label)).toBeVisible();
  await expectNothingShutsOut(page);
  await tokens.getByRole("button", { name: /^Enter the PIN of usb-/ }).click();

  // By keyboard alone: a wrong PIN, the same again, the right one.
  const dialog = page.getByRole("dialog", { name: /^Enter the PIN of usb-/ });
  await expect(dialog).toContainText("Wrong PINs lock a token");
  await expect(dialog.getByLabel("PIN", { exact: true })).toBeFocused();
  await page.keyboard.type("000000");
  await page.keyboard.press("Enter");
  await expect(dialog).toContainText("This PIN is wrong. The token has counted the try.");
  await expectNothingShutsOut(page);
  await page.keyboard.press("Enter");
  await expect(dialog).toContainText("refused this very PIN before");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(CARD.pin);
  await page.keyboard.press("Enter");
  await expect(page.getByText(/^usb-.* is unlocked and can be used\.$/)).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await expect(tokens.getByText("Healthy")).toBeVisible();

  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByLabel("Name of the key").fill("On the card");
  await page.getByLabel("Where it is kept").selectOption({ index: 2 });
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(tokens.getByText("1 key")).toBeVisible();
  boxWithCard.pullOutCard();
  await expect(tokens.getByText("Pulled out")).toBeVisible();
  await page.getByRole("link", { name: "Show the key" }).click();
  await expect(page.getByText(/which is not plugged in/)).toBeVisible();

  await page.getByRole("link", { name: "Activity" }).click();
  const actions = page.getByRole("list", { name: "Actions, newest first" });
  await expect(actions).toContainText(/ada unlocked the token usb-/);
  await expect(actions).toContainText(/ada tried to unlock the token usb-/);
});
