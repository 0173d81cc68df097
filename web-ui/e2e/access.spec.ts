import { expect, signIn, test } from "./fixtures";

test("sign out, and in again with a wrong password first", async ({ ownersPage: page }) => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.getByLabel("User name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("wrong horse battery");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("The user name or the password is wrong");
  await signIn(page);
});

test("an ended session asks to sign in and goes on where one was", async ({ ownersPage: page, box, context }) => {
  await page.goto(`${box.console.address}/access`);
  await expect(page.getByRole("heading", { name: "API keys" })).toBeVisible();
  await context.clearCookies();
  // As a click on "Activity" does; the page may notice by itself before a click gets there.
  await page.evaluate(() => history.pushState(null, "", "/audit"));
  await expect(page.getByText(/Your session has ended/)).toBeVisible();
  await signIn(page);
  await expect(page.getByRole("heading", { name: "Activity" })).toBeVisible();
});

test("an API key is shown once, works, and is shut out when it is deleted", async ({ ownersPage: page, box, request }) => {
  await page.goto(`${box.console.address}/access`);
  await page.getByRole("button", { name: "Make an API key" }).click();
  await page.getByLabel("Which program is it for?").fill("reading lamp");
  await page.getByRole("button", { name: "Make the API key" }).click();
  await expect(page.locator(".secret")).toHaveText(/^anya_/);
  const secret = (await page.locator(".secret").textContent()) ?? "";
  const asProgram = { headers: { Authorization: `Bearer ${secret}` } };
  expect((await request.get(`${box.console.address}/api/v1/system`, asProgram)).status()).toBe(200);

  await page.getByRole("button", { name: "I have copied it" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.getByRole("button", { name: "Delete the API key reading lamp" }).click();
  await page.getByRole("button", { name: "Delete the API key", exact: true }).click();
  await expect(page.getByText("reading lamp")).toHaveCount(0);
  expect((await request.get(`${box.console.address}/api/v1/system`, asProgram)).status()).toBe(401);
});

test("the box's certificate can be downloaded", async ({ ownersPage: page, box }) => {
  await page.goto(`${box.console.address}/access`);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the certificate" }).click();
  expect((await download).suggestedFilename()).toBe("anya-box-ca.crt");
});
