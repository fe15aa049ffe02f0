// The options of `npm run load`, and what they come to: a plan, a server, a number of clients.

import { availableParallelism, tmpdir } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../src/command/exit-codes.ts";
import { count, countOrZero, within } from "../src/command/number-options.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../src/time/units.ts";
import { EXIT, exitHelp } from "./command/exit-codes.ts";
import { Identities, readTokenFile } from "./driver/identities.ts";
import { TOKEN_LIFETIME_S } from "./driver/tokens.ts";
import type { Endpoint } from "./driver/raw-socket.ts";
import { connectionsOf, type RunOptions, type Target } from "./run/run.ts";
import { planOf, type PlanOptions } from "./scenarios/plan.ts";
import type { Scenario } from "./scenarios/scenario.ts";

export interface LoadOptions {
  readonly list: boolean;
  readonly describe: boolean;
  readonly json: boolean;
  readonly html?: string;
  readonly plan: PlanOptions;
  readonly clients?: number;
  readonly closed?: number;
  readonly findMax: boolean;
  readonly p99?: number;
  readonly from?: number;
  readonly tolerance: number;
  readonly probes: number;
  readonly confirm: number;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly remote: boolean;
  readonly shards: number;
  readonly serverCores?: string;
  readonly dataFolder: string;
  readonly keep: boolean;
  readonly drain: number;
  readonly auditMax: number;
}

interface Parsed extends Omit<LoadOptions, "plan"> {
  readonly seed: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly warmUp?: number;
  readonly arrivals?: "poisson" | "constant";
  readonly demand?: number;
  readonly lenders?: number;
  readonly loans?: number;
  readonly paidOutLoans?: number;
  readonly lendersPerLoan?: number;
  readonly crowd?: number;
  readonly watchers?: number;
}

const CONNECTIONS_MAX = 20_000;
const CLIENTS_MAX = 64;
/** Objects of the auditor's memory: some gigabytes. */
const AUDIT_REQUESTS_MAX = 3_000_000;

const RUNNING_HELP =
  "\nWith --url the load is real there, and stays: it opens accounts, deposits money that nobody has\n" +
  "paid in (also into the accounts of a token file), lists loans and bids. Never on a server that\n" +
  "keeps anybody's money. Its business date is left alone.\n";

const EXIT_HELP = exitHelp({
  ok: "measured and audited",
  failed: "a process failed or the server is not reachable",
  wrongState: "the audit failed, whatever the speed",
  void: "void (more than 1 % turned away or unanswered)",
  targetMissed: "p99 is above --p99",
  signal: "when it was stopped by a signal, and what it had measured was reported",
});

export function loadCommand(
  act: (scenario: string | undefined, options: LoadOptions) => Promise<void>,
): Command {
  return new Command("load")
    .description(
      "Loads a server by a plan of its own, whatever the server answers (an open loop), audits what\n" +
        "clients were told against the journal, and reports. Without --url it starts a server.",
    )
    .argument("[scenario]", "which workload; --list shows them")
    .option("--list", "list the scenarios", false)
    .option("--describe", "print the plan that would be run, and end", false)
    .option("--json", "print the report as one JSON object on the last line of stdout", false)
    .option("--html <file>", "also write the report as one self-contained page")
    .optionsGroup("Load:")
    .option("--rate <n>", "requests a second, on average", positive)
    .option("--duration <time>", "measured time, such as 500ms, 30s, 10m, 8h", time)
    .option("--warm-up <time>", "load before measuring", timeOrZero)
    .option("--seed <n>", "of all chance", within(0, 0xffffffff), 7)
    .addOption(new Option("--arrivals <kind>", "of planned times").choices(["poisson", "constant"]))
    .option("--closed <n>", "closed loop instead: so many in flight on each connection", count)
    .option("--clients <n>", "client processes (default: half of the cores)", count)
    .option("--lenders <n>", "accounts that lend, with a connection each", count)
    .option("--loans <n>", "loans that take bids", count)
    .option("--paid-out-loans <n>", "loans that are repaid", count)
    .option("--lenders-per-loan <n>", "of loans that are repaid", count)
    .option("--crowd <n>", "slow consumers, or connections of the storm", count)
    .option("--watchers <n>", "lenders that watch their account", countOrZero)
    .option("--demand <k>", "demand for the hot loan, times what it wants", positive)
    .addOption(
      new Option("--drain <time>", "the longest wait for answers at the end")
        .argParser(time)
        .default(10_000, "10s"),
    )
    .optionsGroup("Target and search:")
    .option("--p99 <ms>", `target; exit code ${EXIT.targetMissed} when it is missed`, positive)
    .option("--find-max", "search the highest rate with p99 under --p99", false)
    .option("--from <rate>", "where the search starts (default: the scenario's rate)", positive)
    .option("--tolerance <percent>", "the search ends at such a gap", positive, 5)
    .option("--probes <n>", "the most runs of a search", count, 20)
    .option("--confirm <n>", "more runs of the rate that was found", countOrZero, 1)
    .optionsGroup("Server:")
    .option("--url <url>", "a server that runs, such as ws://127.0.0.1:8080/v1/ws")
    .option(
      "--token-file <file>",
      'for --url: {"secret": ...} or {"operator": ..., "clients": {...}}',
    )
    .option("--remote", "allow a --url that is not on this machine", false)
    .option("--shards <n>", "of a server of our own", count, 1)
    .option(
      "--server-cores <list>",
      "cores for a server of our own and its Redis, such as 0 or 0-3",
    )
    .option("--data-folder <path>", "where Redis and clients write; on a real disk", tmpdir())
    .option("--keep", "keep the data of a server of our own, and say where it is", false)
    .option(
      "--audit-max <n>",
      "requests up to which the journal is audited",
      count,
      AUDIT_REQUESTS_MAX,
    )
    .addHelpText("after", RUNNING_HELP + EXIT_HELP)
    .exitOverride()
    .action((scenario: string | undefined, parsed: Parsed) => act(scenario, withPlan(parsed)));
}

function withPlan(parsed: Parsed): LoadOptions {
  const { lenders, loans, paidOutLoans, lendersPerLoan, crowd, watchers } = parsed;
  return {
    ...parsed,
    plan: {
      seed: parsed.seed,
      ratePerSecond: parsed.rate,
      durationMs: parsed.duration,
      warmUpMs: parsed.warmUp,
      arrivals: parsed.arrivals,
      demand: parsed.demand,
      sizes: { lenders, loans, paidOutLoans, lendersPerLoan, crowd, watchers },
    },
  };
}

/** Throws UsageError and TokenFileError. */
export function runOptionsOf(scenario: Scenario, options: LoadOptions): RunOptions {
  const target = targetOf(options);
  let plan: PlanOptions = { ...options.plan, movesDates: target.type === "own" };
  if (target.type === "running") {
    const { names } = new Identities(target.identity);
    const wanted = plan.sizes?.lenders ?? scenario.sizes.lenders;
    const lenders = names === null ? wanted : Math.min(wanted, names.length);
    plan = { ...plan, sizes: { ...plan.sizes, lenders } };
    const needsMore = scenario.sizes.crowd > 0 || scenario.sizes.paidOutLoans > 0;
    if (names !== null && needsMore) {
      throw new UsageError(`${scenario.name} needs tokens for any name: a file with the secret`);
    }
  }
  const planned = planOf(scenario, plan);
  const connections = connectionsOf(planned);
  if (connections > CONNECTIONS_MAX) {
    throw new UsageError(`${connections} connections are more than ${CONNECTIONS_MAX}`);
  }
  if (planned.warmUpMs + planned.durationMs > TOKEN_LIFETIME_S * 1_000) {
    throw new UsageError("a run lasts at most as long as its tokens: seven days");
  }
  return {
    plan: planned,
    clients: clientsOf(options, planned.sizes),
    closedInFlight: options.closed ?? null,
    target,
    drainMs: options.drain,
    auditRequestsMax: options.auditMax,
  };
}

function clientsOf(
  { clients }: LoadOptions,
  { lenders, paidOutLoans }: { lenders: number; paidOutLoans: number },
): number {
  const wanted = clients ?? Math.max(1, availableParallelism() >> 1);
  if (wanted > CLIENTS_MAX) throw new UsageError(`at most ${CLIENTS_MAX} client processes`);
  const fewest = paidOutLoans > 0 ? Math.min(lenders, paidOutLoans) : lenders;
  return Math.min(wanted, fewest);
}

function targetOf(options: LoadOptions): Target {
  const { url, tokenFile, remote, dataFolder } = options;
  if (url === undefined) {
    if (tokenFile !== undefined || remote) {
      throw new UsageError("--token-file and --remote are for a server that runs: give its --url");
    }
    const { shards, keep, serverCores } = options;
    return { type: "own", dataFolder, shards, cores: serverCores ?? null, environment: {}, keep };
  }
  if (tokenFile === undefined) throw new UsageError("--url needs a --token-file");
  const endpoint = endpointOf(url);
  if (!isLoopback(endpoint.host) && !remote) {
    throw new UsageError(
      `${endpoint.host} is not on this machine: say --remote when it is yours to load`,
    );
  }
  return { type: "running", endpoint, identity: readTokenFile(tokenFile), dataFolder };
}

function endpointOf(url: string): Endpoint {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new UsageError(`${url} is no URL`);
  }
  if (parsed.protocol !== "ws:") {
    throw new UsageError(`${parsed.protocol}// is not spoken here: only ws://, without TLS`);
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const port = parsed.port === "" ? 80 : Number(parsed.port);
  return { host, port, path: parsed.pathname === "/" ? "/v1/ws" : parsed.pathname };
}

/** By the address as it is written: a name that only resolves to loopback is not trusted. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("a number");
  return value;
}

function positive(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError("more than 0");
  return value;
}

const UNITS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS } as const;

function time(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit as keyof typeof UNITS] ?? NaN);
  if (!(ms > 0)) throw new InvalidArgumentError("a time such as 500ms, 30s, 10m, 8h");
  return ms;
}

function timeOrZero(text: string): number {
  return text === "0" || text === "0s" ? 0 : time(text);
}
