/** The data's protection, its room, and the recovery key. */
import { expect, expectNothingShutsOut, test } from "./fixtures";
import { OPEN_VOLUME, RECOVERY_KEY, refuse, stubStorage } from "./stubs";

test("the recovery key is asked for, shown once, and closed only when it is written down", async ({ ownersPage, box }) => {
  const page = ownersPage;
  const stub = await stubStorage(page, OPEN_VOLUME);
  await page.route("**/api/v1/storage/recovery-key", (route) => {
    stub.volume = { ...OPEN_VOLUME, recovery_key: "made" };
    return route.fulfill({ status: 201, json: { recovery_key: RECOVERY_KEY } });
  });
  await page.goto(box.console.address);
  const notice = page.getByRole("complementary", { name: "Recovery key" });
  await expect(notice).toContainText("Write down your recovery key");
  await expect(page.locator(".waiting")).toHaveCount(0);
  await expectNothingShutsOut(page);
  await notice.getByRole("link", { name: "Make the recovery key" }).click();
  await page.getByRole("button", { name: "Make the recovery key" }).click();

  const shown = page.getByRole("dialog", { name: "Your recovery key" });
  await expect(shown.getByRole("list").getByRole("listitem")).toHaveText(RECOVERY_KEY.split("-"));
  await expect(page.getByRole("alert")).toHaveText("");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(shown).toBeVisible();
  await expect(shown.getByText(/^Write the key down first/)).toBeVisible();
  await shown.getByRole("button", { name: "Close" }).click({ force: true });
  await expect(shown).toBeVisible();
  await expectNothingShutsOut(page);

  const download = page.waitForEvent("download");
  await shown.getByRole("button", { name: "Save as a file" }).click();
  expect((await download).suggestedFilename()).toBe("anya-box-recovery-key.txt");
  await shown.getByLabel("I have written it down").check();
  await shown.getByRole("button", { name: "Close" }).click();
  await expect(shown).toHaveCount(0);
  await expect(page.getByText("cbdefghi")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Make a new one…" })).toBeVisible();
  await page.getByRole("link", { name: "Overview" }).click();
  await expect(page.getByRole("region", { name: "Storage" }).getByText("Made", { exact: true })).toBeVisible();
  await expect(notice).toHaveCount(0);
});

test("a new recovery key takes the old one's place, after asking", async ({ ownersPage: page, box }) => {
  await stubStorage(page, { ...OPEN_VOLUME, recovery_key: "made" });
  let made = 0;
  await page.route("**/api/v1/storage/recovery-key", (route) => {
    made++;
    return route.fulfill({ status: 201, json: { recovery_key: RECOVERY_KEY } });
  });
  await page.goto(`${box.console.address}/storage`);
  await expect(page.getByRole("heading", { name: "Room on the disk" })).toBeVisible();
  await expectNothingShutsOut(page);
  await page.getByRole("button", { name: "Make a new one…" }).click();
  await expect(page.getByRole("dialog")).toContainText("The old recovery key opens nothing any more");
  await page.getByRole("button", { name: "Keep the old one" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(made).toBe(0);
  await page.getByRole("button", { name: "Make a new one…" }).click();
  await page.getByRole("button", { name: "Make a new one", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Your recovery key" })).toBeVisible();
  expect(made).toBe(1);
});

test("a box without a chip says that the data is not protected", async ({ ownersPage: page, box }) => {
  await stubStorage(page, { ...OPEN_VOLUME, protection: "none", recovery_key: "not_needed" });
  await page.goto(box.console.address);
  const tile = page.getByRole("region", { name: "Storage" });
  await expect(tile.getByText("Not protected")).toBeVisible();
  await expect(tile.getByText(/This box has no security chip/)).toBeVisible();
  await expect(tile.getByRole("meter", { name: "Disk in use" })).toBeVisible();
  await page.goto(`${box.console.address}/storage`);
  await expect(page.getByText(/no chip locks the data/)).toBeVisible();
  await expect(page.getByRole("button", { name: /Make/ })).toHaveCount(0);
});

test("data that the recovery key had to open is sealed again, which is said", async ({ ownersPage: page, box }) => {
  await stubStorage(page, { ...OPEN_VOLUME, recovery_key: "made", resealed: true });
  await page.goto(box.console.address);
  await expect(page.getByText(/was opened with the recovery key.*sealed to the security chip again/)).toBeVisible();
});

test("a full disk is said calmly, and what was typed stays", async ({ ownersPage: page, box }) => {
  await stubStorage(page, OPEN_VOLUME);
  await page.route("**/api/v1/security/keys", (route) => {
    if (route.request().method() !== "POST") return route.continue();
    return refuse(route, 507, "storage-full", "The disk is full");
  });
  await page.goto(`${box.console.address}/keys`);
  await page.getByRole("button", { name: "Make a key" }).click();
  await page.getByLabel("Name of the key").fill("No room for it");
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.getByRole("alert")).toContainText("what you typed is still here");
  await expect(page.getByLabel("Name of the key")).toHaveValue("No room for it");
  const banner = page.getByText(/^The box’s disk is full/);
  await expect(banner).toBeVisible();

  await page.unroute("**/api/v1/security/keys");
  await page.getByRole("button", { name: "Make the key" }).click();
  await expect(page.getByRole("link", { name: "Show the key" })).toBeVisible();
  await expect(banner).toHaveCount(0);
});
