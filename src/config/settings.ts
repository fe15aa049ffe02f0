// The one table of settings: every variable of the environment that the server reads, with its
// unit, its default and what it is for. The help, the listing and the README's table come from it.

import { DAY_MS, MINUTE_MS, SECOND_MS } from "../time/units.ts";
import { CUSTODIAN_SETTINGS } from "./custodian.ts";
import { DOCUMENT_SETTINGS, TRANSFER_SETTINGS } from "./documents.ts";
import { JOURNAL_SETTINGS } from "./journal.ts";
import { GATEWAY_SETTINGS, RUNTIME_SETTINGS } from "./limits.ts";
import {
  choice,
  flag,
  limit,
  optionalKey,
  optionalRedisUrl,
  optionalText,
  optionalUrl,
  text,
} from "./setting.ts";

export const SETTINGS = {
  deployment: {
    dataDir: text({
      variable: "LOANLOOM_DATA",
      about: "folder of the embedded Redis, of documents and of the generated secrets",
      fallback: "./data",
      expected: "a path",
      pattern: /^[^\0]{1,4096}$/,
    }),
    shards: limit(
      "LOANLOOM_SHARDS",
      1,
      "shards",
      [1, 256],
      "parts of the world, each with its own journal; fixed when a deployment is created",
    ),
    standby: flag({
      variable: "LOANLOOM_STANDBY",
      about: "wait for as long as another server has the shards, and end when another takes them",
      fallback: false,
    }),
    macKey: optionalKey({
      variable: "LOANLOOM_MAC_KEY",
      about: "key of the journal's MACs; with the embedded Redis one is generated when absent",
    }),
    anchorFolder: optionalText({
      variable: "LOANLOOM_ANCHOR_FOLDER",
      about: "folder of the anchors of the journal; none: anchors in LOANLOOM_DATA",
      expected: "a path",
      pattern: /^[^\0]{1,4096}$/,
    }),
    businessDates: choice({
      variable: "LOANLOOM_BUSINESS_DATES",
      about: "who begins business dates: the clock, at midnight, or an operator",
      choices: ["clock", "operator"],
      fallback: "clock",
    }),
    dayOffsetMinutes: limit(
      "LOANLOOM_DAY_OFFSET_MINUTES",
      480,
      "minutes",
      [-720, 840],
      "how far the midnight of business dates is ahead of UTC's",
    ),
    logLevel: choice({
      variable: "LOANLOOM_LOG_LEVEL",
      about: "least severe lines of the log that are written",
      choices: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      fallback: "info",
    }),
  },
  redis: {
    url: optionalRedisUrl({
      variable: "REDIS_URL",
      about: "the Redis to use, Sentinels or a Cluster; without it the server runs its own",
    }),
    allowEverysec: flag({
      variable: "LOANLOOM_ALLOW_EVERYSEC",
      about: "accept a Redis with appendfsync everysec: its crash may lose acknowledged bids",
      fallback: false,
    }),
    maxmemoryMib: limit(
      "LOANLOOM_REDIS_MAXMEMORY_MIB",
      0,
      "MiB",
      [0, 16_777_216],
      "memory of the embedded Redis; 0: half of the machine's",
    ),
    startMsMax: limit(
      "LOANLOOM_REDIS_START_MS_MAX",
      2 * MINUTE_MS,
      "ms",
      [SECOND_MS, DAY_MS],
      "the longest wait for the embedded Redis to load its data",
    ),
    stopMsMax: limit(
      "LOANLOOM_REDIS_STOP_MS_MAX",
      10 * SECOND_MS,
      "ms",
      [100, 10 * MINUTE_MS],
      "the longest wait for the embedded Redis to stop before it is killed",
    ),
  },
  auth: {
    jwtSecret: optionalText({
      variable: "LOANLOOM_JWT_SECRET",
      about: "secret of HS256 tokens; with the embedded Redis one is generated when absent",
      expected: "32 to 512 characters (try: openssl rand -hex 32)",
      pattern: /^[\x21-\x7e]{32,512}$/,
      secret: true,
    }),
    jwksUrl: optionalUrl({
      variable: "LOANLOOM_JWKS_URL",
      about: "where the public keys of the token issuer are, instead of a secret",
      protocols: ["https:", "http:"],
    }),
    jwksAlgorithm: choice({
      variable: "LOANLOOM_JWKS_ALGORITHM",
      about: "the one signature algorithm that is accepted with a JWKS URL",
      choices: ["RS256", "PS256", "ES256", "EdDSA"],
      fallback: "RS256",
    }),
    issuer: optionalText({
      variable: "LOANLOOM_JWT_ISSUER",
      about: "the `iss` that tokens must have; none: any",
      expected: "1 to 256 printable characters",
      pattern: /^[\x21-\x7e]{1,256}$/,
    }),
    audience: optionalText({
      variable: "LOANLOOM_JWT_AUDIENCE",
      about: "the `aud` that tokens must have; none: any",
      expected: "1 to 256 printable characters",
      pattern: /^[\x21-\x7e]{1,256}$/,
    }),
    clockToleranceS: limit(
      "LOANLOOM_CLOCK_TOLERANCE_S",
      5,
      "s",
      [0, 300],
      "allowed difference between the clocks of token issuer and server",
    ),
    tokenLifetimeMsMax: limit(
      "LOANLOOM_TOKEN_LIFETIME_MS_MAX",
      31 * DAY_MS,
      "ms",
      [MINUTE_MS, 366 * DAY_MS],
      "tokens that live longer are refused",
    ),
    keysFetchMsMax: limit(
      "LOANLOOM_KEYS_FETCH_MS_MAX",
      2 * SECOND_MS,
      "ms",
      [100, MINUTE_MS],
      "how long the server of the public keys may take to answer",
    ),
    revocationsFile: optionalText({
      variable: "LOANLOOM_REVOCATIONS_FILE",
      about: "file of revoked tokens, which must exist; none: one in LOANLOOM_DATA",
      expected: "a path",
      pattern: /^[^\0]{1,4096}$/,
    }),
    revocationsMs: limit(
      "LOANLOOM_REVOCATIONS_MS",
      SECOND_MS,
      "ms",
      [50, 10 * SECOND_MS],
      "how often a server looks for new revocations in that file",
    ),
    revocationsMax: limit(
      "LOANLOOM_REVOCATIONS_MAX",
      100_000,
      "revocations",
      [1, 10_000_000],
      "revocations known one by one; beyond, everybody's tokens of before are refused",
    ),
  },
  custodian: CUSTODIAN_SETTINGS,
  documents: DOCUMENT_SETTINGS,
  transfers: TRANSFER_SETTINGS,
  gateway: GATEWAY_SETTINGS,
  runtime: RUNTIME_SETTINGS,
  journal: JOURNAL_SETTINGS,
} as const;
