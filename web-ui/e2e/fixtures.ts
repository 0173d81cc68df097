/** What every browser test starts from. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { test as base, expect, type APIRequestContext, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

import { Box } from "./box";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const CARD = { label: "Ada’s card", pin: "648219" };
export const OWNER = { username: "ada", password: "correct horse battery" };

type PerTest = {
  /** A box that nobody owns yet. */
  freshBox: Box;
  /** A box owned by `OWNER`, with `CARD` plugged in. */
  boxWithCard: Box;
  /** A page on `box`, signed in as its owner. */
  ownersPage: Page;
};

type PerWorker = {
  /** A box with everything in it, owned by `OWNER`. */
  box: Box;
  /** Its API, called by a program that holds an API key. */
  api: APIRequestContext;
};

export const test = base.extend<PerTest, PerWorker>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs out of this pattern
  freshBox: async ({}, use) => {
    const box = await Box.start({ whole: false });
    await use(box);
    await box.stop();
  },

  boxWithCard: async ({ request }, use) => {
    const box = await Box.startWithCard(CARD);
    await claim(box, request);
    await use(box);
    await box.stop();
  },

  box: [
    async ({ playwright }, use) => {
      const box = await Box.start({ whole: true });
      const request = await playwright.request.newContext({ ignoreHTTPSErrors: true });
      await claim(box, request);
      await request.dispose();
      await use(box);
      await box.stop();
    },
    { scope: "worker" },
  ],

  api: [
    async ({ playwright, box }, use) => {
      const baseURL = box.console.address;
      const person = await playwright.request.newContext({ baseURL, ignoreHTTPSErrors: true });
      await person.post("/api/v1/access/session", { data: OWNER });
      const made = await person.post("/api/v1/access/api-keys", { data: { label: "browser tests" } });
      expect(made.status(), await made.text()).toBe(201);
      const { secret } = (await made.json()) as { secret: string };
      await person.dispose();
      const api = await playwright.request.newContext({
        baseURL,
        ignoreHTTPSErrors: true,
        extraHTTPHeaders: { Authorization: `Bearer ${secret}` },
      });
      await use(api);
      await api.dispose();
    },
    { scope: "worker" },
  ],

  ownersPage: async ({ page, box }, use) => {
    await page.goto(box.console.address);
    await signIn(page);
    await use(page);
  },
});

export { expect };

/** Makes `OWNER` the owner of a box that has none. */
async function claim({ console: { address, claimCode } }: Box, request: APIRequestContext): Promise<void> {
  const claimed = await request.post(`${address}/api/v1/access/claim`, { data: { code: claimCode, ...OWNER } });
  expect(claimed.status(), await claimed.text()).toBe(201);
}

/** Signs in as the owner on the page that asks for it. */
export async function signIn(page: Page): Promise<void> {
  await page.getByLabel("User name").fill(OWNER.username);
  await page.getByLabel("Password", { exact: true }).fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
}

/** Nothing on the page is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const tooWide = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(tooWide, "pixels that are wider than the window").toBeLessThanOrEqual(0);
}

/** Light and dark, on a phone and on a desk: no sideways scrolling, nothing that shuts people out. */
export async function expectNothingShutsOut(page: Page): Promise<void> {
  await page.evaluate(AXE);
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [320, 1280]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 720 });
      await expectNoSidewaysScroll(page);
      expect(await complaints(page), `${colorScheme}, ${width} pixels wide`).toEqual([]);
    }
  }
}

/** What axe-core holds against the page. */
async function complaints(page: Page): Promise<string[]> {
  const results = await page.evaluate(() => (window as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run());
  return results.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}
