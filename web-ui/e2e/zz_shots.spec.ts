import { expect, signIn, test } from "./fixtures";

const OUT = "/tmp/wui/shots";
test("claim", async ({ freshBox, page }) => {
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(freshBox.console.address);
    await page.getByLabel("Claim code").fill("abc");
    await page.screenshot({ path: `${OUT}/claim-${scheme}.png`, fullPage: true });
    await page.setViewportSize({ width: 375, height: 720 });
    await page.screenshot({ path: `${OUT}/claim-phone-${scheme}.png`, fullPage: true });
  }
  await page.getByRole("button", { name: "Claim the box" }).click();
  await page.screenshot({ path: `${OUT}/claim-errors.png`, fullPage: true });
});

test("pages", async ({ box, api, page }) => {
  for (const [label, algorithm] of [["Invoices", "p256"], ["Old mail server", "rsa2048"], ["Wallet", "secp256k1"]]) {
    await api.post("/api/v1/security/keys", { data: { label, algorithm } });
  }
  await page.goto(box.console.address + "/keys");
  await page.screenshot({ path: `${OUT}/signin.png` });
  await signIn(page);
  await page.goto(box.console.address + "/");
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await api.post("/api/v1/bitcoin/regtest/blocks", { data: { count: 3 } });
  await page.waitForTimeout(1500);
  const keys = (await (await api.get("/api/v1/security/keys")).json()) as { items: { id: string }[] };
  const shot = async (name: string) => {
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [size, width, height] of [["wide", 1280, 860], ["phone", 375, 720]] as const) {
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: `${OUT}/${name}-${size}-${scheme}.png`, fullPage: size === "phone" });
      }
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  };
  await shot("dashboard");
  await page.screenshot({ path: `${OUT}/dashboard-full.png`, fullPage: true });
  for (const [name, path] of [["keys", "/keys"], ["key", `/keys/${keys.items[0]?.id ?? ""}`], ["audit", "/audit"], ["logs", "/audit/logs"], ["access", "/access"], ["chat0", "/chat"], ["missing", "/keys/a/b"]] as const) {
    await page.goto(box.console.address + path);
    await page.waitForTimeout(900);
    await shot(name);
  }
  await page.goto(box.console.address + "/chat");
  await page.getByLabel("Your message").fill("Tell me about the sea in three sentences.");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(500);
  await shot("chat1");
  await expect(page.getByText(/tokens per second/)).toBeVisible({ timeout: 90000 });
  await shot("chat2");
});
