import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { ConfigError } from "../../src/config.ts";
import { EmbeddedRedisError } from "../../src/journal/embedded-redis-probe.ts";
import { JournalError, type JournalErrorCode } from "../../src/journal/errors.ts";

describe("Exit codes", () => {
  test.each<[JournalErrorCode, number]>([
    ["tampered", 1],
    ["journal_behind_anchor", 1],
    ["anchor_invalid", 1],
    ["wrong_shard_count", 2],
    ["not_durable", 2],
    ["unsupported_url", 2],
    ["unavailable", 3],
    ["lease_held", 3],
  ])("of a journal that is %s: %d", (code, exit) => {
    expect(exitCodeOf(new JournalError(code, "why"))).toBe(exit);
  });

  test("of an embedded Redis: its settings are 2, that it cannot be had is 3", () => {
    expect(exitCodeOf(new EmbeddedRedisError("redis_not_durable", "why"))).toBe(2);
    expect(exitCodeOf(new EmbeddedRedisError("data_in_use", "why"))).toBe(3);
  });

  test("of what the system refuses: 2; of a bug: none, so that its stack is seen", () => {
    const fault = { syscall: "open", path: "/x" };
    expect(exitCodeOf(Object.assign(new Error("no"), fault, { code: "EACCES" }))).toBe(2);
    expect(exitCodeOf(Object.assign(new Error("no"), fault, { code: "EBADF" }))).toBeUndefined();
    expect(exitCodeOf(Object.assign(new Error("no"), { code: "EACCES" }))).toBeUndefined();
    expect(exitCodeOf(new TypeError("a bug"))).toBeUndefined();
    expect(exitCodeOf(new ConfigError([]))).toBe(2);
  });
});
