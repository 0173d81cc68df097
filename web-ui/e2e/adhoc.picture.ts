/** Takes the README's picture of the dashboard: `npm run picture`. */
import { expect, signIn, test } from "./fixtures";

test.use({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });

test("the dashboard, in use", async ({ page, box, api }) => {
  const keys = { Invoices: "p256", "Website releases": "ed25519", "Old mail server": "rsa2048" };
  for (const [label, algorithm] of Object.entries(keys)) {
    await api.post("/api/v1/security/keys", { data: { label, algorithm } });
  }
  await api.post("/v1/chat/completions", {
    data: { model: "smollm2-135m-instruct", messages: [{ role: "user", content: "Hello" }], max_tokens: 4 },
  });
  const fs = await import("node:fs");
  const html = fs.readFileSync("dist/index.html", "utf8");
  await page.route((u) => u.pathname === "/", (r) => r.fulfill({ body: html, contentType: "text/html" }));
  await page.route("**/assets/*", (r) => { const n = new URL(r.request().url()).pathname; return r.fulfill({ path: "dist" + n }); });
  page.on("console", (m) => console.log("C", m.text()));page.on("websocket", (w) => { console.log("WS", w.url()); w.on("framereceived", (f) => console.log("F", String(f.payload).slice(0, 90))); w.on("close", () => console.log("closed")); w.on("socketerror", (e) => console.log("err", e)); });
  await page.goto(box.console.address);
  await signIn(page);
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await api.post("/api/v1/bitcoin/regtest/blocks", { data: { count: 100 } });
  const m = await api.post("/api/v1/bitcoin/regtest/blocks", { data: { count: 47 } }); console.log(m.status(), (await m.text()).slice(0,60)); await page.waitForTimeout(2000); await page.screenshot({ path: "/tmp/wui/dbg.png" }); console.log(await (await api.get("/api/v1/bitcoin/status")).text());
  await expect(page.getByTestId("height")).toHaveText("147");
  await expect(page.getByText("Looking for graphics hardware")).toHaveCount(0);
  await page.mouse.move(0, 0);
  // A window as high as the page, so that the navigation is as high as well.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: 1280, height });
  await page.screenshot({ path: "docs/dashboard.png" });
});
