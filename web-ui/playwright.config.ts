import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "e2e",
  testMatch: process.env.ANYA_PICTURE === undefined ? "**/*.spec.ts" : "**/*.picture.ts",
  outputDir: "test-results",
  // One box with its node and models runs at a time: a small machine does not slow the tests into failing.
  workers: 1,
  forbidOnly: process.env.CI !== undefined,
  reporter: "list",
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    // What the certificate is worth is a test of its own; a browser cannot know the authority of a new box.
    ignoreHTTPSErrors: true,
    // The words and figures that are looked for are written the English way.
    locale: "en-GB",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
