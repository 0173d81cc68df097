/** What holds on every page: no sideways scrolling on a phone, nothing that shuts people out, nothing refused. */
import { expect, expectNothingShutsOut, test } from "./fixtures";

const PAGES = ["/", "/keys", "/chat", "/node", "/storage", "/updates", "/audit", "/audit/logs", "/access", "/keys/no/such/page"];

for (const path of PAGES) {
  test(`${path} on a phone and on a desk, light and dark`, async ({ ownersPage, box }) => {
    // A page of its own: leaving another one may cut a connection that is just being made, which is an error there.
    const page = await ownersPage.context().newPage();
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });
    await page.goto(`${box.console.address}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator(".waiting")).toHaveCount(0);
    await expectNothingShutsOut(page);
    expect(refused).toEqual([]);
  });
}
