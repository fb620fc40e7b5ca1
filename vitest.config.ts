import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    environment: "node",
    setupFiles: ["./test/support/properties.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [process.env["CI"] === undefined ? "default" : "dot", "./test/support/summary-reporter.ts"],
  },
});
