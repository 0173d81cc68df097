import { expect, test } from "./fixtures";

test("make a key, sign a text, check the signature, delete the key", async ({ ownersPage: page, box }) => {
  await page.goto(`${box.console.address}/keys`);
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.getByText("Give the key a name.")).toBeVisible();
  await page.getByLabel("Name of the key").fill("Invoices");
  await page.getByLabel("Kind").selectOption({ label: "P-256" });
  await page.getByRole("button", { name: "Make the key" }).click();
  await page.getByRole("link", { name: "Show the key" }).click();

  await expect(page.getByRole("heading", { name: "Invoices", level: 1 })).toBeVisible();
  await expect(page.getByText(/-----BEGIN PUBLIC KEY-----/)).toBeVisible();
  await page.getByLabel("Text", { exact: true }).fill("Pay Grace 10 €");
  await page.getByRole("button", { name: "Sign the text" }).click();
  await expect(page.getByLabel("Signature", { exact: true })).toHaveValue(/^[A-Za-z0-9+/]{90,}={0,2}$/);
  await page.getByRole("button", { name: "Check the signature" }).click();
  await expect(page.getByText("Valid: this key signed exactly this text.")).toBeVisible();
  await page.getByLabel("Text", { exact: true }).fill("Pay Grace 100 €");
  await page.getByRole("button", { name: "Check the signature" }).click();
  await expect(page.getByText(/^Not valid/)).toBeVisible();

  await page.getByRole("button", { name: "Delete…" }).click();
  await expect(page.getByRole("dialog")).toContainText("There is no copy of it.");
  await page.getByRole("button", { name: "Delete the key" }).click();
  await expect(page.getByRole("heading", { name: "Keys", level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: "Invoices" })).toHaveCount(0);
});

test("long lists come page by page", async ({ ownersPage: page, box, api }) => {
  for (let n = 1; n <= 26; n++) {
    const made = await api.post("/api/v1/security/keys", { data: { label: `many ${n}`, algorithm: "ed25519" } });
    expect(made.status(), await made.text()).toBe(201);
  }
  await page.goto(`${box.console.address}/keys`);
  const rows = page.getByRole("main").getByRole("listitem");
  await expect(rows).toHaveCount(25);
  await page.getByRole("button", { name: "Show more keys" }).click();
  await expect(page.getByText("many 1", { exact: true })).toBeVisible();
  await expect(page.getByText("many 26", { exact: true })).toBeVisible();
});

test("a key that is not there leads back to the list", async ({ ownersPage: page, box }) => {
  await page.goto(`${box.console.address}/keys/${"0".repeat(32)}`);
  await expect(page.getByRole("heading", { name: "There is no such key" })).toBeVisible();
  await page.getByRole("link", { name: "All keys" }).click();
  await expect(page.getByRole("heading", { name: "Keys", level: 1 })).toBeVisible();
});
