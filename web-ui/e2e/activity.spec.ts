import { expect, test } from "./fixtures";

test("what was done is told in plain words, and the record is checked", async ({ ownersPage: page, box, api }) => {
  await api.post("/api/v1/security/keys", { data: { label: "seen in the record", algorithm: "p256" } });
  await page.goto(`${box.console.address}/audit`);
  await expect(page.getByText(/The record is complete and unchanged/)).toBeVisible();
  const newest = page.getByRole("list", { name: "Actions, newest first" }).getByRole("listitem").first();
  await expect(newest).toContainText("API key browser tests of ada made the key seen in the record");
});

test("logs can be read by their weight", async ({ ownersPage: page, box }) => {
  await page.goto(`${box.console.address}/audit`);
  await page.getByRole("link", { name: "Logs" }).click();
  const lines = page.getByRole("list", { name: "Log lines, newest first" }).getByRole("listitem");
  await expect(lines.first()).toBeVisible();
  await page.getByLabel("Show").selectOption({ label: "Failures only" });
  await expect(page.getByText("note", { exact: true })).toHaveCount(0);
});
