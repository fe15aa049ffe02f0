import { defineConfig } from "vitest/config";

// Where CI wants the counts; without it, people read the default output.
const report = process.env["CI_TEST_REPORT"];

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores: real servers and real Redis children run beside the tests.
    maxWorkers: 2,
    pool: "forks",
    // A test that is skipped by mistake (`.only`) must not pass for all the others.
    allowOnly: false,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
  },
});
