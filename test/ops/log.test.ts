import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createLog, withoutSecrets, type LogLevel } from "../../src/ops/log.ts";

const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";

function logged(level: LogLevel = "trace"): {
  log: ReturnType<typeof createLog>;
  text: () => string;
} {
  let text = "";
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  return { log: createLog(level, stream), text: () => text };
}

describe("Log", () => {
  test("writes one JSON object a line: time, level by name, facts, message", () => {
    const { log, text } = logged();
    log.info({ shard: 3 }, "recovered");
    log.child({ session: 7 }).warn({}, "slow");
    const lines = text()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      {
        level: "info",
        shard: 3,
        msg: "recovered",
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
      { level: "warn", session: 7, msg: "slow" },
    ]);
  });

  test("shows where a bug was thrown, and of an operating fault only what it is", () => {
    const { log, text } = logged();
    const fault = Object.assign(new Error("shards differ"), { code: "wrong_shard_count" });
    log.error({ error: fault }, "not started");
    expect(text()).toContain('"code":"wrong_shard_count"');
    expect(text()).not.toContain("log.test");
    log.error({ error: new TypeError("a bug") }, "thrown");
    log.error({ err: Object.assign(new Error("gone"), { code: "ENOENT" }) }, "thrown");
    expect(text().match(/"stack":"[^"]*log\.test/g)).toHaveLength(2);
  });

  test("writes nothing below its level, and nothing at all when silent", () => {
    const warnings = logged("warn");
    warnings.log.info({}, "hidden");
    warnings.log.warn({}, "shown");
    expect(warnings.text()).toMatch(/^[^\n]*shown[^\n]*\n$/);
    const silent = logged("silent");
    silent.log.fatal({}, "hidden");
    expect(silent.text()).toBe("");
  });

  test.each([
    ["a token of its own field", { token: "opaque-secret" }],
    ["a header", { headers: { authorization: "Bearer opaque-secret" } }],
    [
      "a subprotocol",
      { request: { headers: { "sec-websocket-protocol": "bearer.opaque-secret" } } },
    ],
    ["a key", { config: { macKey: "opaque-secret" } }],
    ["a password", { redis: { password: "opaque-secret" } }],
    ["a password in a URL", { url: "redis://user:opaque-secret@cache:6379" }],
  ])("never shows %s", (_, facts) => {
    const { log, text } = logged();
    log.error(facts, "failed");
    expect(text()).toContain("failed");
    expect(text()).toContain("[censored]");
    expect(text()).not.toContain("opaque-secret");
  });

  test("never shows what looks like a token, in a message, an error or any field", () => {
    const { log, text } = logged();
    log.warn({ other: [TOKEN] }, `refused ${TOKEN}`);
    log.error({ err: new Error(`bad ${TOKEN}`) }, "failed");
    expect(text()).toContain("refused [censored]");
    expect(text()).not.toContain("eyJzdWIi");
  });

  test("leaves everything else as it is", () => {
    const line = '{"url":"redis://cache:6379/0","reason":"eyJ is no token","at":"12:30"}\n';
    expect(withoutSecrets(line)).toBe(line);
  });
});
