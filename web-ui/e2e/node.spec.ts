/** The node's page: what is known of it, and whether other nodes may call it. */
import type { NodeSettings } from "../src/api/types";
import { expect, expectNothingShutsOut, test } from "./fixtures";
import { refuse } from "./stubs";

const SWITCH = { name: "Let other nodes call this one" };

test("the tile leads to the page, which tells what the node is and makes blocks", async ({ ownersPage: page }) => {
  await page.getByRole("region", { name: "Bitcoin node" }).getByRole("link", { name: "Open the node’s page" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bitcoin node" })).toBeVisible();
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  const program = page.getByRole("region", { name: "Program" });
  await expect(program.getByText("for the tests", { exact: true })).toBeVisible();
  await expect(program.getByText("Bitcoin Core", { exact: true })).toBeVisible();
  await expect(program.getByText("It follows the rules of Bitcoin.")).toBeVisible();
  const chain = page.getByRole("region", { name: "Chain" });
  await expect(chain.getByText(/^told at once \(/)).toBeVisible();
  const height = page.getByTestId("height");
  const before = Number((await height.textContent())?.replace(/\D/g, ""));
  await chain.getByRole("button", { name: "Make a test block" }).click();
  await expect(height).toHaveText(new Intl.NumberFormat("en-GB").format(before + 1));
});

test("other nodes may call once the owner says so, and the switch survives a reload", async ({ ownersPage: page, box, api }) => {
  await page.goto(`${box.console.address}/node`);
  const accepts = async () => ((await (await api.get("/api/v1/bitcoin/settings")).json()) as NodeSettings).accepts_peers;
  const choice = page.getByRole("switch", SWITCH);
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  await expect(choice).not.toBeChecked();
  // By keyboard alone.
  await choice.focus();
  await page.keyboard.press("Space");
  await expect(page.getByText(/The node starts again with it/)).toBeVisible();
  await expect(page.getByText("The node runs again. Others may call it now.")).toBeVisible();
  await expect(page.getByText("Running", { exact: true })).toBeVisible();
  expect(await accepts()).toBe(true);
  await expectNothingShutsOut(page);

  await page.reload();
  await expect(choice).toBeChecked();
  await choice.click();
  await expect(page.getByText("The node runs again. Nobody can call it any more.")).toBeVisible();
  await expect(choice).not.toBeChecked();
  expect(await accepts()).toBe(false);
});

test("a node that is kept off every network says so, and nothing changes", async ({ ownersPage: page, box }) => {
  await page.route("**/api/v1/bitcoin/settings", (route) =>
    route.request().method() === "PUT" ? refuse(route, 409, "conflict", "Not allowed") : route.continue(),
  );
  await page.goto(`${box.console.address}/node`);
  await page.getByRole("switch", SWITCH).click();
  await expect(page.getByRole("alert")).toContainText("This node is kept off every network");
  await expect(page.getByRole("switch", SWITCH)).not.toBeChecked();
  await expectNothingShutsOut(page);
});
