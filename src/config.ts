// The environment becomes one frozen, validated Config, or a ConfigError that names every variable
// that is wrong. Nothing else in the program reads the environment, and this never reads the disk.

import { SETTINGS } from "./config/settings.ts";
import type { Setting } from "./config/setting.ts";

type ValueOf<S> = S extends Setting<infer T> ? T : never;

export type Config = {
  readonly [Group in keyof typeof SETTINGS]: {
    readonly [Key in keyof (typeof SETTINGS)[Group]]: ValueOf<(typeof SETTINGS)[Group][Key]>;
  };
};

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigProblem {
  readonly variable: string;
  /** As it was given, or "(hidden)" for a secret; null when it was not given. */
  readonly value: string | null;
  readonly expected: string;
}

/** A start with these settings is impossible. One line of the message for each problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "config_invalid";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemText).join("\n"));
    this.problems = problems;
  }
}

function problemText({ variable, value, expected }: ConfigProblem): string {
  return `${variable}${value === null ? " is not set" : `=${value}`}: expected ${expected}`;
}

interface Row {
  readonly group: string;
  readonly key: string;
  readonly setting: Setting<unknown>;
}

const ROWS: readonly Row[] = Object.entries(SETTINGS).flatMap(([group, settings]) =>
  Object.entries(settings).map(([key, setting]) => ({
    group,
    key,
    setting: setting as Setting<unknown>,
  })),
);
const VARIABLES = new Set(ROWS.map((row) => row.setting.variable));
/** Two groups may share one variable; whatever is shown of it is shown once. */
const ONCE: readonly Row[] = ROWS.filter(
  ({ setting }, at) => ROWS.findIndex((row) => row.setting.variable === setting.variable) === at,
);

/** Variables that only the commands of a client read: known, but no setting of the server. */
export const CLIENT_VARIABLES = { url: "LOANLOOM_URL", token: "LOANLOOM_TOKEN" } as const;

/** A client of a server has settings in common with it, and none of its keys. */
export function loadClientConfig(environment: Environment): Config {
  return load(environment, () => []);
}

/**
 * Reads every setting. Throws a ConfigError with all problems at once: values that do not fit,
 * relations between limits that do not hold, and names that start with LOANLOOM_ but are none.
 */
export function loadConfig(environment: Environment): Config {
  return load(environment, missingKeys);
}

function load(environment: Environment, more: (config: Config) => ConfigProblem[]): Config {
  const problems: ConfigProblem[] = [];
  const config: Record<string, Record<string, unknown>> = {};
  for (const { group, key, setting } of ROWS) {
    const given = environment[setting.variable];
    const text = given === undefined || given.trim() === "" ? setting.fallback : given.trim();
    const values = (config[group] ??= {});
    if (text === null) {
      values[key] = null;
      continue;
    }
    const parsed = setting.schema.safeParse(text);
    values[key] = parsed.data;
    if (parsed.success) continue;
    const { variable, secret, expected } = setting;
    if (problems.some((problem) => problem.variable === variable)) continue;
    problems.push({ variable, value: secret ? HIDDEN : withoutPassword(text), expected });
  }
  problems.push(...unknownVariables(environment));
  if (problems.length > 0) throw new ConfigError(problems);
  const complete = deepFreeze(config) as unknown as Config;
  problems.push(...brokenRelations(complete), ...more(complete));
  if (problems.length > 0) throw new ConfigError(problems);
  return complete;
}

/** A misspelt limit would silently be the default: that is refused. */
function unknownVariables(environment: Environment): ConfigProblem[] {
  const clients: readonly string[] = Object.values(CLIENT_VARIABLES);
  return Object.keys(environment)
    .filter((name) => name.startsWith("LOANLOOM_"))
    .filter((name) => !VARIABLES.has(name) && !clients.includes(name))
    .map((variable) => ({
      variable,
      value: HIDDEN,
      expected: "a known setting; `loanloom config` lists them",
    }));
}

/** What must hold between settings. Each says which variable to change. */
function brokenRelations(config: Config): ConfigProblem[] {
  const { auth, custodian, deployment, gateway, journal, redis, runtime, transfers } = config;
  const problems: ConfigProblem[] = [];
  const mustHold = (holds: boolean, variable: string, value: unknown, expected: string): void => {
    if (!holds) problems.push({ variable, value: valueText(value), expected });
  };
  const atMost = (small: LimitRef, large: LimitRef): void => {
    mustHold(small[1] <= large[1], small[0], small[1], `at most ${large[0]}, which is ${large[1]}`);
  };
  const inFlight: LimitRef = ["LOANLOOM_IN_FLIGHT_MAX", runtime.inFlightMax];
  const perSession: LimitRef = [
    "LOANLOOM_IN_FLIGHT_PER_SESSION_MAX",
    gateway.inFlightPerSessionMax,
  ];
  const perAddress: LimitRef = [
    "LOANLOOM_CONNECTIONS_PER_ADDRESS_MAX",
    gateway.connectionsPerAddressMax,
  ];
  atMost(perSession, inFlight);
  // The burst of an account must fill one session's pipeline.
  atMost(perSession, ["LOANLOOM_REQUEST_BURST_MAX", gateway.requestBurstPerAccount]);
  atMost(["LOANLOOM_MAILBOX_MAX", runtime.mailboxMax], inFlight);
  atMost(["LOANLOOM_CONNECTIONS_PER_ACCOUNT_MAX", gateway.connectionsPerAccountMax], perAddress);
  atMost(perAddress, ["LOANLOOM_CONNECTIONS_MAX", gateway.connectionsMax]);
  mustHold(
    gateway.backpressureBytesMax >= 2 * gateway.frameBytesMax,
    "LOANLOOM_BACKPRESSURE_BYTES_MAX",
    gateway.backpressureBytesMax,
    `at least twice LOANLOOM_FRAME_BYTES_MAX, which is ${gateway.frameBytesMax}`,
  );
  atMost(
    ["LOANLOOM_DOCUMENT_TRANSFERS_PER_ACCOUNT_MAX", transfers.transfersPerAccountMax],
    ["LOANLOOM_DOCUMENT_TRANSFERS_MAX", transfers.transfersMax],
  );
  // An owner that still retries must not lose its lease for good to one that cannot write either.
  atMost(["LOANLOOM_LEASE_MS", journal.leaseMs], ["LOANLOOM_RETRY_MS_MAX", journal.retryForMs]);
  mustHold(
    journal.degradedAfterMs < journal.retryForMs,
    "LOANLOOM_DEGRADED_AFTER_MS",
    journal.degradedAfterMs,
    `less than LOANLOOM_RETRY_MS_MAX, which is ${journal.retryForMs}`,
  );
  mustHold(
    auth.jwtSecret === null || auth.jwksUrl === null,
    "LOANLOOM_JWKS_URL",
    auth.jwksUrl,
    "no such setting together with LOANLOOM_JWT_SECRET: tokens have one kind of key",
  );
  mustHold(
    custodian.keys === null || custodian.keyFile === null,
    "LOANLOOM_CUSTODIAN_SECRET_FILE",
    custodian.keyFile,
    "no such setting together with LOANLOOM_CUSTODIAN_SECRET",
  );
  mustHold(
    journal.replicasMin === 0 || redis.url !== null,
    "LOANLOOM_REPLICAS_MIN",
    journal.replicasMin,
    "0 without REDIS_URL: the embedded Redis has no replicas",
  );
  mustHold(
    !deployment.standby || redis.url !== null,
    "LOANLOOM_STANDBY",
    deployment.standby,
    "no, without REDIS_URL: nobody else has the embedded Redis",
  );
  return problems;
}

/** Of a server with a Redis that others may use as well. */
function missingKeys({ auth, deployment, redis }: Config): ConfigProblem[] {
  if (redis.url === null) return [];
  const why =
    "because REDIS_URL is set: another server must find the same one (try: openssl rand -hex 32)";
  const problems: ConfigProblem[] = [];
  const missing = (variable: string, what: string): void => {
    problems.push({ variable, value: null, expected: `${what}, ${why}` });
  };
  if (deployment.macKey === null) missing("LOANLOOM_MAC_KEY", "a key");
  if (auth.jwtSecret === null && auth.jwksUrl === null) {
    missing("LOANLOOM_JWT_SECRET", "a secret, or LOANLOOM_JWKS_URL");
  }
  return problems;
}

/** As it would be typed. */
function valueText(value: unknown): string | null {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? null : withoutPassword(String(value));
}

const HIDDEN = "(hidden)";

/** A URL may have a password in it that is nobody's to see in a listing, a log or an error. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/)[^/?#\s]*@/g, `$1${HIDDEN}@`);
}

type LimitRef = readonly [variable: string, value: number];

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    // Typed arrays with elements cannot be frozen; the key is never handed out for writing.
    if (inner !== null && typeof inner === "object" && !ArrayBuffer.isView(inner)) {
      deepFreeze(inner as object);
    }
  }
  return Object.freeze(value);
}

export interface SettingDescription {
  readonly variable: string;
  readonly group: string;
  /** Where it is in Config. */
  readonly key: string;
  readonly default: string | null;
  readonly unit: string | null;
  readonly expected: string;
  readonly about: string;
  readonly secret: boolean;
}

/** Every setting, in the order of the table: for help, listings and the README. */
export function describeSettings(): readonly SettingDescription[] {
  return ONCE.map(({ group, key, setting }) => ({
    variable: setting.variable,
    group,
    key,
    default: setting.fallback,
    unit: setting.unit,
    expected: setting.expected,
    about: setting.about,
    secret: setting.secret,
  }));
}

/** The table of settings as Markdown, for the README. */
export function settingsMarkdown(): string {
  const rows = describeSettings().map((setting) => {
    const unit = setting.unit === null ? "" : ` ${setting.unit}`;
    const fallback = setting.default === null || setting.default === "" ? "" : setting.default;
    const shown = fallback === "" ? "none" : `\`${fallback}\`${unit}`;
    return `| \`${setting.variable}\` | ${shown} | ${setting.about} |`;
  });
  return ["| variable | default | what it is |", "|---|---|---|", ...rows].join("\n");
}
