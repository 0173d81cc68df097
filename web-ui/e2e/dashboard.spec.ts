import type { APIRequestContext } from "@playwright/test";

import { expect, signIn, test } from "./fixtures";

/** Makes blocks as a program does; gives the height of the last one. */
async function mine(api: APIRequestContext, count: number): Promise<number> {
  const mined = await api.post("/api/v1/bitcoin/regtest/blocks", { data: { count } });
  expect(mined.status(), await mined.text()).toBe(201);
  return ((await mined.json()) as { height: number }).height;
}

test("a new block changes the height without loading the page again", async ({ ownersPage: page, api }) => {
  const tile = page.getByRole("region", { name: "Bitcoin node" });
  await expect(tile.getByText("Running", { exact: true })).toBeVisible();
  await expect(tile.getByText("Bitcoin’s rules")).toBeVisible();
  const before = await mine(api, 1);
  await expect(tile.getByTestId("height")).toHaveText(String(before));
  await mine(api, 2);
  await expect(tile.getByTestId("height")).toHaveText(String(before + 2));
  await tile.getByRole("button", { name: "Make a test block" }).click();
  await expect(tile.getByTestId("height")).toHaveText(String(before + 3));
});

test("a key that a program makes is counted at once", async ({ ownersPage: page, api }) => {
  const tile = page.getByRole("region", { name: "Keys and tokens" });
  await expect(tile.getByText("Healthy")).toBeVisible();
  const figure = tile.locator(".tile-figure");
  const { items } = (await (await api.get("/api/v1/security/tokens")).json()) as { items: { keys: number }[] };
  const before = items.reduce((sum, token) => sum + token.keys, 0);
  await expect(figure).toHaveText(new RegExp(`^${before} keys?$`));
  await api.post("/api/v1/security/keys", { data: { label: "made by a program", algorithm: "p256" } });
  await expect(figure).toHaveText(new RegExp(`^${before + 1} keys?$`));
});

test("the system tile shows figures of this machine", async ({ ownersPage: page }) => {
  const tile = page.getByRole("region", { name: "System" });
  await expect(tile.getByRole("meter", { name: "Memory in use" })).toBeVisible();
  await expect(tile.getByText(/of memory$/)).toBeVisible();
});

test("the hardware tile marks what is software", async ({ ownersPage: page, api }) => {
  const tile = page.getByRole("region", { name: "Hardware for AI" });
  await expect(tile.getByText("processor", { exact: true })).toBeVisible();
  await expect(tile.getByText("Looking for graphics hardware")).toHaveCount(0);
  const { items } = (await (await api.get("/api/v1/ml/devices")).json()) as { items: { software: boolean }[] };
  const software = items.filter((device) => device.software).length;
  if (software === 0) console.log("skipped: this machine has no software graphics driver (lavapipe)");
  await expect(tile.getByText("software", { exact: true })).toHaveCount(software);
});

test("a lost connection is said, and what was missed is there once it is back", async ({ page, box, api }) => {
  // The page's way to the events goes through the test, which can cut it.
  let cut = false;
  const open: { close: () => Promise<void> }[] = [];
  await page.routeWebSocket("**/api/v1/events", async (socket) => {
    if (cut) return socket.close();
    socket.connectToServer();
    open.push(socket);
  });
  await page.clock.install();
  await page.goto(box.console.address);
  await signIn(page);
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  const height = page.getByTestId("height");
  const before = await mine(api, 1);
  await expect(height).toHaveText(String(before));

  cut = true;
  await Promise.all(open.map((socket) => socket.close()));
  await expect(page.getByText(/Connection to the box lost/)).toBeVisible();
  await mine(api, 1);
  await expect(height).toHaveText(String(before));

  // The page tries by itself as well; with its clock stopped, the button alone can bring the connection back.
  await page.clock.pauseAt(Date.now() + 1_000);
  await expect(page.getByText(/Trying again in/)).toBeVisible();
  cut = false;
  await page.getByRole("button", { name: "Try now" }).click();
  await expect(page.getByText(/Connection to the box lost/)).toHaveCount(0);
  await expect(height).toHaveText(String(before + 1));
});
