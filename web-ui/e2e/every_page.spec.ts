/** What holds on every page: no sideways scrolling on a phone, nothing that shuts people out, nothing refused. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

import { expect, expectNoSidewaysScroll, test } from "./fixtures";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = ["/", "/keys", "/chat", "/audit", "/audit/logs", "/access", "/keys/no/such/page"];

for (const path of PAGES) {
  test(`${path} on a phone and on a desk, light and dark`, async ({ ownersPage: page, box }) => {
    const refused: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") refused.push(message.text());
    });
    await page.goto(`${box.console.address}${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.locator(".waiting")).toHaveCount(0);
    await page.evaluate(AXE);
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [320, 1280]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.setViewportSize({ width, height: 720 });
        await expectNoSidewaysScroll(page);
        expect(await complaints(page), `${colorScheme}, ${width} pixels wide`).toEqual([]);
      }
    }
    expect(refused).toEqual([]);
  });
}

/** What axe-core holds against the page. */
async function complaints(page: Page): Promise<string[]> {
  const results = await page.evaluate(() => (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run());
  return results.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}
