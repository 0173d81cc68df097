import { connect } from "node:tls";

import { expect, expectNoSidewaysScroll, OWNER, test } from "./fixtures";

/** The fingerprint of the certificate that the box really shows to those who connect. */
function servedFingerprint(address: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), servername: hostname, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.on("error", reject);
  });
}

test("the page, the console and the connection agree on the certificate", async ({ page, freshBox }) => {
  const { address, words, sha256 } = freshBox.console;
  await page.goto(address);
  const shown = page.getByRole("list", { name: "The certificate in six words" }).getByRole("listitem");
  await expect(shown).toHaveText(words.split(" "));
  await page.getByText("Compare with what the browser itself sees").click();
  const pieces = page.locator(".fingerprint span");
  await expect.poll(async () => (await pieces.allTextContents()).join(":")).toBe(sha256);
  expect(await servedFingerprint(address)).toBe(sha256);
});

test("claiming with the keyboard alone, a wrong code first", async ({ page, freshBox }) => {
  const { address, claimCode } = freshBox.console;
  await page.goto(address);
  await expect(page.getByRole("heading", { name: "Make this box yours" })).toBeFocused();
  const code = page.getByLabel("Claim code");
  for (let presses = 0; presses < 5 && !(await code.evaluate((e) => e === document.activeElement)); presses++) {
    await page.keyboard.press("Tab");
  }
  await expect(code).toBeFocused();

  // Sent too early: the first field that is wrong gets the focus and says why.
  await page.keyboard.press("Enter");
  await expect(page.getByText("Type the code from the console.")).toBeVisible();
  await expect(code).toBeFocused();

  const wrong = claimCode === "0000-0000" ? "11111111" : "00000000";
  await page.keyboard.type(wrong);
  await page.keyboard.press("Tab");
  await page.keyboard.type(OWNER.username);
  await page.keyboard.press("Tab");
  await page.keyboard.type(OWNER.password);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.type(OWNER.password);
  await page.keyboard.press("Enter");
  await expect(page.getByText("This is not the code on the console.")).toBeVisible();
  await expect(page.getByText("4 tries left before a pause.")).toBeVisible();

  for (let presses = 0; presses < 4; presses++) await page.keyboard.press("Shift+Tab");
  await expect(code).toBeFocused();
  await page.keyboard.press("Control+A");
  await page.keyboard.type(claimCode.toLowerCase().replace("-", " "));
  await expect(code).toHaveValue(claimCode);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Overview" })).toBeFocused();
  await expect(page.getByRole("region", { name: "Keys and tokens" }).getByText("Healthy")).toBeVisible();
});

test("after five wrong codes there is a pause that is counted down", async ({ page, freshBox, request }) => {
  const { address, claimCode } = freshBox.console;
  const code = claimCode === "0000-0000" ? "1111-1111" : "0000-0000";
  for (let tries = 0; tries < 5; tries++) {
    await request.post(`${address}/api/v1/access/claim`, { data: { code, ...OWNER } });
  }
  await page.goto(address);
  await expect(page.getByText(/Too many wrong codes. The box takes the next one in 0:[0-3]\d/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Claim the box" })).toBeDisabled();
});

test("a phone needs no sideways scrolling to claim", async ({ page, freshBox }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(freshBox.console.address);
  await page.getByText("Compare with what the browser itself sees").click();
  await expect(page.getByLabel("Claim code")).toBeVisible();
  await expectNoSidewaysScroll(page);
});
