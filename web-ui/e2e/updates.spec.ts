/** Updates: against the developer's service, which takes none, and against a box that does. */
import type { UpdatePhase } from "../src/api/types";
import { expect, expectNothingShutsOut, test } from "./fixtures";
import { OFFER, refuse, stubUpdates, UPDATES } from "./stubs";

const version = "1.3.0";

test("a developer's machine says why it takes no updates, on its page and over its API", async ({ ownersPage: page, api }) => {
  const tile = page.getByRole("region", { name: "Software" });
  await expect(tile.getByText("Not on this machine")).toBeVisible();
  await tile.getByRole("link", { name: "Open the updates page" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Updates" })).toBeVisible();
  await expect(page.getByText(/not from its own image, so it takes no updates/)).toBeVisible();
  await expect(page.getByText("make run", { exact: true })).toBeVisible();
  await expectNothingShutsOut(page);

  // A file of which more than any other route takes, over the real connection.
  const file = Buffer.alloc(6 << 20, 7);
  const headers = { "Content-Type": "application/octet-stream" };
  const sent = await api.post("/api/v1/updates/file", { data: file, headers });
  expect([sent.status(), ((await sent.json()) as { type: string }).type]).toEqual([409, "urn:anya:problem:updates-unsupported"]);
});

const PHASES: UpdatePhase[] = [
  { phase: "idle" },
  { phase: "available", version },
  { phase: "downloading", version, done: 14e6, total: 31.4e6 },
  { phase: "installing", version, step: "verify_read_back" },
  { phase: "restart_pending", version, at: "2027-01-01T03:00:00Z" },
  { phase: "trial", version, since: "2026-11-22T03:01:00Z" },
  { phase: "rolled_back", version, to: "1.2.0", reason: "The key store did not answer within two minutes." },
];

for (const phase of PHASES) {
  test(`the page shuts nobody out while an update is ${phase.phase}`, async ({ ownersPage: page, box }) => {
    await stubUpdates(page, { ...UPDATES, phase });
    await page.goto(`${box.console.address}/updates`);
    await expect(page.getByRole("heading", { name: "How updates are installed" })).toBeVisible();
    await page.getByText("Where new versions come from, and how fast").click();
    await expectNothingShutsOut(page);
  });
}

test("what is offered can be installed while it is measured, and the page says what goes on before the first step", async ({
  ownersPage: page,
  box,
}) => {
  const offer = { ...OFFER, download: null };
  const stub = await stubUpdates(page, { ...UPDATES, activity: "measuring", offer });
  await page.goto(`${box.console.address}/updates`);
  await expect(page.getByText("at most 712 MB; it is being worked out")).toBeVisible();
  await expect(page.getByRole("button", { name: "Install it" })).toBeVisible();
  stub.tell({ phase: "available", version }, { activity: "installing" });
  await expect(page.getByRole("heading", { name: "Preparing the update" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Install it" })).toBeHidden();
  await expectNothingShutsOut(page);
});

test("a stick that is plugged in appears on the page, and shuts nobody out", async ({ ownersPage: page, box }) => {
  const stub = await stubUpdates(page, { ...UPDATES, phase: { phase: "idle" }, offer: null });
  await page.goto(`${box.console.address}/updates`);
  await expect(page.getByRole("heading", { name: "How updates are installed" })).toBeVisible();
  const file = "anya-1.3.0-generic-x86_64.update";
  const release = { medium: "sdb1", file, version, board: "generic-x86_64", size: 700e6, fit: "newer" } as const;
  stub.tellMedia({ releases: [release], taking: null });
  await expect(page.getByRole("heading", { name: `A USB stick with Anya ${version} is plugged in` })).toBeVisible();
  await expectNothingShutsOut(page);
  await page.getByRole("button", { name: "Copy it to the box" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => stub.orders).toEqual([`media ${JSON.stringify({ medium: "sdb1", file })}`]);
  stub.tellMedia({ releases: [release], taking: { medium: "sdb1", file, done: 350e6, total: 700e6 } });
  await expect(page.getByRole("progressbar", { name: `Copying ${file}` })).toHaveAttribute("aria-valuenow", "50");
  await expectNothingShutsOut(page);
  stub.tellMedia({ releases: [], taking: null });
  await expect(page.getByText("USB stick with Anya")).toBeHidden();
});

test("an update goes by itself from the click to the new version's page", async ({ ownersPage: page, box }) => {
  const stub = await stubUpdates(page, UPDATES);
  await page.goto(`${box.console.address}/updates`);
  await expect(page.getByText("Ada Lovelace and Grace Hopper")).toBeVisible();
  await expect(page.getByText("<b>bold</b> promises")).toBeVisible();
  // By keyboard alone.
  await page.getByRole("button", { name: "Install it" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => stub.orders).toEqual(['install {"version":"1.3.0","insist":false}']);

  stub.tell({ phase: "downloading", version, done: 0, total: 31.4e6 });
  const bar = page.getByRole("progressbar");
  await expect(bar).toHaveAttribute("aria-valuenow", "0");
  stub.tell({ phase: "downloading", version, done: 15.7e6, total: 31.4e6 });
  await expect(bar).toHaveAttribute("aria-valuenow", "50");
  await expect(page.getByText("15.7 MB of 31.4 MB")).toBeVisible();
  stub.tell({ phase: "installing", version, step: "write_root" });
  await expect(page.getByRole("listitem").filter({ hasText: "Write it" })).toHaveAttribute("aria-current", "step");

  stub.tell({ phase: "restart_pending", version, at: new Date(Date.now() + 3_600_000).toISOString() }, { offer: null });
  await expect(page.getByRole("timer")).toHaveText(/^59:|^1 hour/);
  await page.getByRole("button", { name: "Restart now" }).click();
  await expect(page.getByRole("heading", { name: "The box restarts into version 1.3.0" })).toBeVisible();
  await expectNothingShutsOut(page);

  stub.hangUp();
  await expect(page.getByText("Connection to the box lost.")).toBeVisible();
  const loaded = page.waitForEvent("load");
  stub.status = { ...stub.status, running: version, good: false, phase: { phase: "trial", version, since: new Date().toISOString() } };
  await loaded;
  await expect(page.getByText("Checking that everything works")).toBeVisible();
  await expect(page.getByText("Connection to the box lost.")).toHaveCount(0);
  stub.tell({ phase: "good", version, at: new Date().toISOString() }, { good: true });
  await expect(page.getByText(/Version 1.3.0 is installed, and everything works/)).toBeVisible();
});

test("a version that is set aside needs a word more", async ({ ownersPage: page, box }) => {
  const offer = { ...OFFER, set_aside: "It did not start on this box on 22 November." };
  const stub = await stubUpdates(page, { ...UPDATES, offer, phase: { phase: "idle" } });
  await page.goto(`${box.console.address}/updates`);
  await page.getByRole("button", { name: "Install it all the same…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("It did not start on this box");
  await expectNothingShutsOut(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  expect(stub.orders).toEqual([]);
  await page.getByRole("button", { name: "Install it all the same…" }).click();
  await dialog.getByRole("button", { name: "Install it all the same" }).click();
  await expect.poll(() => stub.orders).toEqual(['install {"version":"1.3.0","insist":true}']);
});

test("a file is sent, refused with the reason, and taken", async ({ ownersPage: page, box }) => {
  const stub = await stubUpdates(page, { ...UPDATES, offer: null, phase: { phase: "idle" } });
  let sent = 0;
  await page.route("**/api/v1/updates/file", async (route) => {
    expect(route.request().headers()["content-type"]).toBe("application/octet-stream");
    sent++;
    if (sent === 1) return refuse(route, 422, "update-refused", "Nobody whom this box trusts has signed it");
    stub.status = { ...UPDATES, offer: { ...OFFER, source: "file", download: 0 } };
    return route.fulfill({ json: stub.status });
  });
  await page.goto(`${box.console.address}/updates`);
  const file = { name: "anya-1.3.0.update", mimeType: "application/octet-stream", buffer: Buffer.alloc(100_000, 7) };
  await page.getByLabel("Choose the file").setInputFiles(file);
  await expect(page.getByRole("alert")).toContainText("Nobody whom this box trusts has signed it");
  await page.getByLabel("Choose the file").setInputFiles(file);
  await expect(page.getByText(/Version 1.3.0 is on the box/)).toBeVisible();
  await expect(page.getByText("from a file", { exact: true })).toBeVisible();
});

test.describe("in another time zone", () => {
  test.use({ timezoneId: "Asia/Kolkata" });

  test("settings are shown by the clock of who looks, and kept by the box's", async ({ ownersPage: page, box }) => {
    const stub = await stubUpdates(page, UPDATES);
    await page.goto(`${box.console.address}/updates`);
    const time = page.getByLabel("Time of the restart");
    await expect(time).toHaveValue("08:30");
    await time.fill("02:15");
    await expect(page.getByText(/where that is 20:45/)).toBeVisible();
    await page.getByRole("radio", { name: /Download, and let me install/ }).check();
    await page.getByRole("button", { name: "Keep these settings" }).click();
    await expect(page.getByText("Kept", { exact: true })).toBeVisible();
    expect(stub.settings).toMatchObject({ automatic: "download", restart: { when: "at", at: "20:45" } });
  });
});
