/** A box whose data stays closed: the page says so, and offers the ways out. */
import { expect, expectNothingShutsOut, test } from "./fixtures";
import { CHIP_REFUSES, RECOVERY_KEY, refuse, stubFault } from "./stubs";

test("the recovery key opens the data: a wrong one first, all by keyboard", async ({ page, freshBox }) => {
  const box = await stubFault(page, CHIP_REFUSES);
  const tried: string[] = [];
  await page.route("**/api/v1/storage/unlock", async (route) => {
    const { recovery_key } = route.request().postDataJSON() as { recovery_key: string };
    tried.push(recovery_key);
    if (recovery_key !== RECOVERY_KEY) return refuse(route, 422, "recovery-key-wrong", "The recovery key is wrong");
    return route.fulfill({ json: { opened: true } });
  });
  await page.goto(freshBox.console.address);
  await expect(page.getByRole("heading", { name: CHIP_REFUSES.title })).toBeFocused();
  await expect(page.getByText(CHIP_REFUSES.text)).toBeVisible();
  await expect(page.getByLabel("Claim code")).toHaveCount(0);

  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Recovery key")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Type the recovery key.")).toBeVisible();
  await page.keyboard.type("cbdefghi cbdo");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "does not open the data" })).toContainText("“o” never occurs");
  await expect(page.getByLabel("Recovery key")).toBeFocused();

  await page.keyboard.press("Control+A");
  await page.keyboard.type(RECOVERY_KEY.replaceAll("-", " ").toUpperCase());
  await expect(page.getByText("does not open the data")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Open again. The box starts…" })).toBeFocused();
  expect(tried).toEqual(["cbdefghi-cbdo", RECOVERY_KEY]);
  await expect(page.getByText(/The box shows another certificate now/)).toBeVisible();

  box.fault = null;
  await expect(page.getByRole("heading", { name: "The box is ready" })).toBeFocused();
  await page.getByRole("button", { name: "Load the page again" }).click();
  await expect(page.getByRole("heading", { name: "Make this box yours" })).toBeVisible();
});

test("while the key is tried, the page says so and sends it once", async ({ page, freshBox }) => {
  await stubFault(page, CHIP_REFUSES);
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let tries = 0;
  await page.route("**/api/v1/storage/unlock", async (route) => {
    tries++;
    await held;
    await route.fulfill({ json: { opened: true } });
  });
  await page.goto(freshBox.console.address);
  await page.getByLabel("Recovery key").fill(RECOVERY_KEY);
  await page.getByRole("button", { name: "Open the data" }).click();
  await expect(page.getByText(/The box tries the key/)).toBeVisible();
  await page.getByRole("button", { name: "Opening your data…" }).click({ force: true });
  letGo();
  await expect(page.getByRole("heading", { name: "Open again. The box starts…" })).toBeVisible();
  expect(tries).toBe(1);
});

test("a page that can no longer reach the box says to load it again", async ({ page, freshBox }) => {
  await stubFault(page, CHIP_REFUSES);
  await page.route("**/api/v1/storage/unlock", (route) => route.fulfill({ json: { opened: true } }));
  await page.goto(freshBox.console.address);
  await page.getByLabel("Recovery key").fill(RECOVERY_KEY);
  await page.getByRole("button", { name: "Open the data" }).click();
  // As it is with a certificate that the browser does not take.
  await page.route("**/api/v1/system/fault", (route) => route.abort("connectionrefused"));
  await expect(page.getByText("Waiting for the box to answer")).toBeVisible();
  await expect(page.getByRole("button", { name: "Load the page again" })).toHaveClass(/primary/);
});

test("restarting takes the code from the box's screen", async ({ page, freshBox }) => {
  const box = await stubFault(page, { ...CHIP_REFUSES, reason: "no_disk", title: "There is no disk", ways_out: ["restart"] });
  await page.route("**/api/v1/system/restart", (route) => {
    const { code } = route.request().postDataJSON() as { code: string };
    if (code !== "1234-5678") return refuse(route, 403, "wrong-claim-code", "The code is wrong");
    return route.fulfill({ status: 202 });
  });
  await page.goto(freshBox.console.address);
  await expect(page.getByRole("heading", { name: "There is no disk" })).toBeVisible();
  await expect(page.getByLabel("Recovery key")).toHaveCount(0);
  await expect(page.getByText("Erase everything and begin anew")).toHaveCount(0);
  await page.getByText("Restart the box", { exact: true }).first().click();
  await page.getByRole("button", { name: "Restart the box" }).click();
  await expect(page.getByText(/^Type the code that the screen/)).toBeVisible();
  await page.getByLabel("Code from the box’s screen").fill("11112222");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/^This is not the code on the screen/)).toBeVisible();
  await page.getByLabel("Code from the box’s screen").fill("12345678");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "The box restarts…" })).toBeVisible();
  box.fault = null;
  await expect(page.getByRole("heading", { name: "The box is ready" })).toBeVisible();
});

test("erasing says what is lost, and asks for a word and the code", async ({ page, freshBox }) => {
  await stubFault(page, CHIP_REFUSES);
  const erased: string[] = [];
  await page.route("**/api/v1/storage/erase", (route) => {
    erased.push((route.request().postDataJSON() as { code: string }).code);
    return route.fulfill({ status: 202 });
  });
  await page.goto(freshBox.console.address);
  await page.getByText("Erase everything and begin anew").click();
  await expect(page.getByText(/^All keys that are on this box/)).toBeVisible();
  await page.getByLabel("Code from the box’s screen").last().fill("1234-5678");
  await page.getByRole("button", { name: "Erase everything" }).click();
  await expect(page.getByText("Type “erase” if you really want to lose all of this.")).toBeVisible();
  expect(erased).toEqual([]);
  await page.getByLabel("Type the word “erase”").fill("Erase");
  await page.getByRole("button", { name: "Erase everything" }).click();
  await expect(page.getByRole("heading", { name: /^Everything is erased/ })).toBeVisible();
  expect(erased).toEqual(["1234-5678"]);
});

test("on a phone and on a desk, light and dark", async ({ page, freshBox }) => {
  await stubFault(page, CHIP_REFUSES);
  await page.goto(freshBox.console.address);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.getByText("Erase everything and begin anew").click();
  await expectNothingShutsOut(page);
});
