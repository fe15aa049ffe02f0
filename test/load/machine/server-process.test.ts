import { describe, expect, test } from "vitest";
import { MEMORY_SETTINGS } from "../../../load/bench/account-memory.ts";
import { TAIL_SETTINGS } from "../../../load/bench/recovery-times.ts";
import { LIFTED_LIMITS } from "../../../load/machine/server-process.ts";
import { loadConfig } from "../../../src/config.ts";

describe("The server under test", () => {
  test.each([
    ["limits that are lifted", {}],
    ["settings of the memory figure", MEMORY_SETTINGS],
    ["settings of the tail", TAIL_SETTINGS],
  ])("knows the %s", (_, settings) => {
    expect(() => loadConfig({ ...LIFTED_LIMITS, ...settings })).not.toThrow();
  });
});
