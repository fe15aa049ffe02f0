import { describe, expect, test } from "vitest";
import {
  ConfigError,
  describeSettings,
  loadConfig,
  settingsMarkdown,
  type ConfigProblem,
  type Environment,
} from "../src/config.ts";
import { checkGatewayConfig, type GatewayConfig } from "../src/gateway/config.ts";
import { journalLimits } from "../src/journal/limits.ts";
import { checkRuntimeLimits, RUNTIME_LIMITS, type RuntimeLimits } from "../src/runtime/limits.ts";

const KEY_HEX = "00112233445566778899aabbccddeeff".repeat(2);
const SECRET = "a-secret-of-at-least-32-characters";

function problemsOf(environment: Environment): readonly ConfigProblem[] {
  try {
    loadConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe("Config", () => {
  test("an empty environment gives the embedded default", () => {
    const config = loadConfig({});
    expect(config.gateway).toMatchObject({ host: "127.0.0.1", port: 8080, originsAllowed: [] });
    expect(config.deployment).toMatchObject({ dataDir: "./data", shards: 1 });
    expect(config.redis.url).toBeNull();
    expect(config.runtime.journalKeep).toBe("checkpoint");
    expect(config.journal.inFlightMax).toBe(3);
  });

  test("every default fits its own setting", () => {
    const given = describeSettings().filter((row) => row.default !== null && row.default !== "");
    const environment = Object.fromEntries(given.map((row) => [row.variable, row.default!]));
    expect(loadConfig(environment)).toEqual(loadConfig({}));
  });

  test("is frozen, all the way down", () => {
    const config = loadConfig({ LOANLOOM_ORIGINS: "https://a.example" });
    expect(Object.isFrozen(config)).toBe(true);
    for (const group of Object.values(config)) expect(Object.isFrozen(group)).toBe(true);
    expect(Object.isFrozen(config.gateway.originsAllowed)).toBe(true);
  });

  test("an empty variable counts as absent, and blanks around a value do not matter", () => {
    const config = loadConfig({ PORT: "", LOANLOOM_SHARDS: " 4 " });
    expect(config.gateway.port).toBe(8080);
    expect(config.deployment.shards).toBe(4);
  });

  test.each([
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "80.5"],
    ["PORT", "0x50"],
    ["PORT", "1e3"],
    ["PORT", "12abc"],
    ["HOST", "two words"],
    ["LOANLOOM_SHARDS", "0"],
    ["LOANLOOM_COMMITS_IN_FLIGHT_MAX", "5"],
    ["LOANLOOM_JOURNAL_KEEP", "some"],
    ["LOANLOOM_ALLOW_EVERYSEC", "maybe"],
    ["LOANLOOM_ALLOW_EVERYSEC", "constructor"],
    ["LOANLOOM_ORIGINS", "example.com"],
    ["LOANLOOM_ORIGINS", "https://a.example/path"],
    ["LOANLOOM_ORIGINS", "*,https://a.example"],
    ["LOANLOOM_JWKS_URL", "ftp://keys.example"],
  ])("%s=%s is refused, naming variable, value and what is expected", (variable, value) => {
    const problems = problemsOf({ [variable]: value });
    expect(problems).toEqual([{ variable, value, expected: expect.stringMatching(/.{5,}/) }]);
    expect(() => loadConfig({ [variable]: value })).toThrow(`${variable}=${value}: expected `);
  });

  test.each([
    ["LOANLOOM_MAC_KEY", "abcd"],
    ["LOANLOOM_MAC_KEY", `${KEY_HEX}00`],
    ["LOANLOOM_DOCUMENT_KEY", "abcd"],
    ["LOANLOOM_DOCUMENT_KEYS_OLD", `${KEY_HEX},abcd`],
    ["LOANLOOM_DOCUMENT_KEYS_OLD", `${KEY_HEX},`],
    ["LOANLOOM_DOCUMENT_KEYS_OLD", Array(7).fill(KEY_HEX).join()],
    ["LOANLOOM_JWT_SECRET", "tooshort"],
    ["REDIS_URL", "http://user:hunter2@cache"],
  ])("a wrong %s is refused without being shown", (variable, value) => {
    expect(problemsOf({ [variable]: value })).toMatchObject([{ variable, value: "(hidden)" }]);
    expect(() => loadConfig({ [variable]: value })).not.toThrow(value);
  });

  test("a password in a URL is not shown either, and a flag is shown as it is typed", () => {
    expect(problemsOf({ LOANLOOM_CUSTODIAN_URL: "ftp://ann:hunter2@bank/x" })).toMatchObject([
      { value: "ftp://(hidden)@bank/x" },
    ]);
    expect(problemsOf({ LOANLOOM_STANDBY: "yes" })).toMatchObject([{ value: "yes" }]);
  });

  test("all problems are reported at once", () => {
    const problems = problemsOf({ PORT: "x", LOANLOOM_SHARDS: "x", LOANLOOM_LEASE_MS: "x" });
    expect(problems.map((problem) => problem.variable)).toEqual([
      "LOANLOOM_SHARDS",
      "PORT",
      "LOANLOOM_LEASE_MS",
    ]);
  });

  test("a misspelt LOANLOOM_ variable is refused, a stranger's variable is not", () => {
    expect(problemsOf({ LOANLOOM_SHARD: "4", LOANLOOMING: "x", PATH: "/bin" })).toMatchObject([
      { variable: "LOANLOOM_SHARD" },
    ]);
  });

  test("variables of client commands are known", () => {
    expect(problemsOf({ LOANLOOM_URL: "ws://x", LOANLOOM_TOKEN: "t" })).toEqual([]);
  });

  test.each([
    [KEY_HEX, Buffer.from(KEY_HEX, "hex")],
    [Buffer.from(KEY_HEX, "hex").toString("base64"), Buffer.from(KEY_HEX, "hex")],
    [Buffer.from(KEY_HEX, "hex").toString("base64url"), Buffer.from(KEY_HEX, "hex")],
  ])("a MAC key of 32 bytes is read from %s", (given, bytes) => {
    const key = loadConfig({ LOANLOOM_MAC_KEY: given }).deployment.macKey;
    expect(Buffer.from(key!).equals(bytes)).toBe(true);
  });

  test.each<[Environment, string]>([
    [
      { LOANLOOM_IN_FLIGHT_PER_SESSION_MAX: "60000", LOANLOOM_REQUEST_BURST_MAX: "60000" },
      "LOANLOOM_IN_FLIGHT_PER_SESSION_MAX",
    ],
    [{ LOANLOOM_REQUEST_BURST_MAX: "255" }, "LOANLOOM_IN_FLIGHT_PER_SESSION_MAX"],
    [{ LOANLOOM_MAILBOX_MAX: "50001" }, "LOANLOOM_MAILBOX_MAX"],
    [{ LOANLOOM_CONNECTIONS_MAX: "1999" }, "LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX"],
    [{ LOANLOOM_CONNECTIONS_PER_ACCOUNT_MAX: "2001" }, "LOANLOOM_CONNECTIONS_PER_ACCOUNT_MAX"],
    [{ LOANLOOM_DOCUMENT_TRANSFERS_MAX: "3" }, "LOANLOOM_DOCUMENT_TRANSFERS_PER_ACCOUNT_MAX"],
    [{ LOANLOOM_FRAME_BYTES_MAX: "131073" }, "LOANLOOM_BACKPRESSURE_BYTES_MAX"],
    [{ LOANLOOM_RETRY_MS_MAX: "2999" }, "LOANLOOM_LEASE_MS"],
    [
      {
        LOANLOOM_RETRY_MS_MAX: "1000",
        LOANLOOM_LEASE_MS: "900",
        LOANLOOM_DEGRADED_AFTER_MS: "1000",
      },
      "LOANLOOM_DEGRADED_AFTER_MS",
    ],
    [
      { LOANLOOM_JWT_SECRET: SECRET, LOANLOOM_JWKS_URL: "https://keys.example/jwks" },
      "LOANLOOM_JWKS_URL",
    ],
    [{ REDIS_URL: "redis://cache:6379", LOANLOOM_JWT_SECRET: SECRET }, "LOANLOOM_MAC_KEY"],
    [{ REDIS_URL: "redis://cache:6379", LOANLOOM_MAC_KEY: KEY_HEX }, "LOANLOOM_JWT_SECRET"],
  ])("limits that contradict each other are refused: %j", (environment, variable) => {
    expect(problemsOf(environment).map((problem) => problem.variable)).toEqual([variable]);
  });

  test("an external Redis with its secrets is accepted", () => {
    const config = loadConfig({
      REDIS_URL: "rediss://cache:6380/2",
      LOANLOOM_MAC_KEY: KEY_HEX,
      LOANLOOM_JWKS_URL: "https://keys.example/jwks",
    });
    expect(config.redis.url).toBe("rediss://cache:6380/2");
  });

  test("each room takes its group as it is, and agrees that its limits fit together", () => {
    const { gateway, journal, runtime } = loadConfig({});
    const ofGateway: GatewayConfig = gateway;
    const ofRuntime: RuntimeLimits = runtime;
    expect(() => checkGatewayConfig(ofGateway)).not.toThrow();
    expect(() => checkRuntimeLimits(ofRuntime)).not.toThrow();
    expect(journalLimits(journal)).toMatchObject(journal);
    // The simulation and tests have no environment.
    expect(runtime).toEqual(RUNTIME_LIMITS);
  });

  test("the listing names every setting once, numbers with their unit", () => {
    const rows = describeSettings();
    expect(new Set(rows.map((row) => row.variable)).size).toBe(rows.length);
    for (const row of rows.filter((each) => each.expected.startsWith("a whole number"))) {
      expect(row.unit, row.variable).not.toBeNull();
    }
    for (const row of rows) expect(settingsMarkdown()).toContain(`| \`${row.variable}\` |`);
  });

  test("a name that ends in a unit has that unit", () => {
    const rows = describeSettings();
    const inMs = rows.filter((row) => /(Ms|MsMax)$/.test(row.key));
    const inBytes = rows.filter((row) => /Bytes(Max)?$/.test(row.key));
    expect(inMs.length).toBeGreaterThan(5);
    expect(new Set(inMs.map((row) => row.unit))).toEqual(new Set(["ms"]));
    expect(new Set(inBytes.map((row) => row.unit))).toEqual(new Set(["bytes"]));
  });
});
