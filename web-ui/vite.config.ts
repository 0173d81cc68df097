import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running box. */
const box = process.env.ANYA_BOX ?? "https://localhost:8443";

/**
 * In development the page comes from Vite and everything else from a box. The box accepts changes only
 * from its own pages, so the proxy says that it is one.
 */
const proxy = Object.fromEntries(
  ["/api", "/v1", "/healthz", "/readyz", "/ca.crt"].map((path) => [
    path,
    { target: box, secure: false, changeOrigin: true, ws: path === "/api", headers: { origin: box } },
  ]),
);

export default defineConfig({
  plugins: [react()],
  // The box allows no inline script, no inline style and nothing from elsewhere.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
  server: { proxy },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test_setup.ts"],
    restoreMocks: true,
  },
});
