// The custodian bank as settings: where it is, the keys that both sides share, and limits.

import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../time/units.ts";
import { limit, optionalKeys, optionalText, optionalUrl } from "./setting.ts";

export const CUSTODIAN_SETTINGS = {
  url: optionalUrl({
    variable: "LOANLOOM_CUSTODIAN_URL",
    about: "where the custodian bank is; without it nobody can withdraw, and it tells nothing",
    protocols: ["https:", "http:"],
  }),
  keys: optionalKeys({
    variable: "LOANLOOM_CUSTODIAN_SECRET",
    about: "keys shared with the custodian, the current one first; else those of the file",
  }),
  keyFile: optionalText({
    variable: "LOANLOOM_CUSTODIAN_SECRET_FILE",
    about: "file with these keys, a line each; none: custodian.key in LOANLOOM_DATA",
    expected: "a path",
    pattern: /^[^\0]{1,4096}$/,
  }),
  toleranceMs: limit(
    "LOANLOOM_CUSTODIAN_TOLERANCE_MS",
    5 * MINUTE_MS,
    "ms",
    [SECOND_MS, HOUR_MS],
    "callbacks whose time is further from ours are refused as stale",
  ),
  answerMsMax: limit(
    "LOANLOOM_CUSTODIAN_ANSWER_MS_MAX",
    10 * SECOND_MS,
    "ms",
    [100, 10 * MINUTE_MS],
    "how long the custodian may take to answer before it is asked again",
  ),
  inFlightMax: limit(
    "LOANLOOM_CUSTODIAN_IN_FLIGHT_MAX",
    16,
    "payouts",
    [1, 256],
    "payouts that are being sent to the custodian at the same time",
  ),
  withdrawalsMax: limit(
    "LOANLOOM_CUSTODIAN_WITHDRAWALS_MAX",
    100_000,
    "withdrawals",
    [256, 1_000_000],
    "withdrawals that have not ended; beyond it: server_busy",
  ),
  retryMsMax: limit(
    "LOANLOOM_CUSTODIAN_RETRY_MS_MAX",
    MINUTE_MS,
    "ms",
    [SECOND_MS, HOUR_MS],
    "the longest pause between two attempts of one payout",
  ),
  circuitMsMax: limit(
    "LOANLOOM_CUSTODIAN_CIRCUIT_MS_MAX",
    30 * SECOND_MS,
    "ms",
    [SECOND_MS, HOUR_MS],
    "the longest time without any call to a custodian that is down",
  ),
  pollMs: limit(
    "LOANLOOM_CUSTODIAN_POLL_MS",
    30 * SECOND_MS,
    "ms",
    [100, 24 * HOUR_MS],
    "a payout of which no callback tells for so long is asked about",
  ),
} as const;
