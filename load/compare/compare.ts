// `npm run compare`: the command line of the comparison. It says what was measured, what was not
// and why; a peer whose books are wrong never ends with code 0.

import { chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { EXIT_OF_SIGNAL } from "../../src/command/exit-codes.ts";
import { count } from "../../src/command/number-options.ts";
import { EXIT, exitHelp, failWith } from "../command/exit-codes.ts";
import { optionsOf } from "../command/options.ts";
import { Progress } from "../bench/progress.ts";
import { temporaryFolder } from "../machine/left-behind.ts";
import { describeMachine } from "../machine/machine.ts";
import { newSecret } from "../machine/server-process.ts";
import type { Contest, Peer } from "../peers/peer.ts";
import { PEERS } from "../peers/peers.ts";
import { stopAllStarted } from "../peers/started-processes.ts";
import { SHAPES } from "./bids-contest.ts";
import { contestFigures, voidBecause } from "./compare-figures.ts";
import { comparisonJson, comparisonText, type Comparison } from "./compare-report.ts";
import { writeComparison } from "./compare-readme.ts";
import { emptyResult, runRounds, type RoundsPlan, type RoundsResult } from "./rounds.ts";

const CONTESTS: readonly Contest[] = ["bids", "repayments"];

interface Options {
  readonly json: boolean;
  readonly quick: boolean;
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
  readonly clients: number;
  readonly peers?: readonly string[];
  readonly contests: readonly Contest[];
  readonly shapes: readonly string[];
  readonly direct: boolean;
  readonly loans: number;
  readonly lenders: number;
  readonly accounts: number;
  readonly inFlight: number;
  readonly install: boolean;
  readonly dataFolder: string;
  readonly readme?: string;
}

const command = new Command("compare")
  .description(
    "Loanloom beside what experts would build instead, in one run on one machine, with the same client\n" +
      "processes and frames, fsync before every answer. Each peer's books are held against its answers.",
  )
  .option("--json", "print one JSON object on the last line of stdout", false)
  .option("--quick", "sizes that run in seconds: to see that it works, not how fast", false)
  .option("--rounds <n>", "interleaved repeats; medians are reported", count, 3)
  .option("--warm-up <ms>", "load before measuring, at each shape", count, 2_000)
  .option("--duration <ms>", "measured time of each shape", count, 2_500)
  .option("--clients <n>", "client processes", count, 1)
  .option(
    "--peers <keys>",
    PEERS.map((peer) => peer.key).join(", "),
    oneOf(PEERS.map((p) => p.key)),
  )
  .option("--contests <keys>", CONTESTS.join(", "), oneOf(CONTESTS), CONTESTS)
  .option("--shapes <keys>", "of the bids", oneOf(Object.keys(SHAPES)), Object.keys(SHAPES))
  .option("--no-direct", "only through gateways")
  .option("--loans <n>", "loans that are repaid", count, 128)
  .option("--lenders <n>", "lenders of each of them", count, 1_000)
  .option("--accounts <n>", "accounts that lend", count, 10_000)
  .option("--in-flight <n>", "repayments at the same time", count, 64)
  .option("--no-install", "leave out what is not on the machine instead of installing it")
  .option(
    "--data-folder <path>",
    "where the peers write; on a real disk, and open to others",
    tmpdir(),
  )
  .option("--readme <file>", "also write the results between the markers of this file")
  .addHelpText(
    "after",
    exitHelp({
      ok: "all measured or skipped with a reason",
      failed: "a peer broke",
      wrongState: "a peer's books are not what it had told the clients",
      void: "void (more than 1 % refused)",
      signal: "when it was stopped by a signal, and the rounds that are whole were reported",
    }),
  );

function oneOf<T extends string>(known: readonly T[]): (text: string) => readonly T[] {
  return (text) => {
    const keys = text.split(",").map((key) => key.trim());
    for (const key of keys) {
      if (!known.includes(key as T)) throw new InvalidArgumentError(`no ${key}`);
    }
    return keys as T[];
  };
}

/** Small enough for a test, and every path is taken. */
const QUICK: Partial<Options> = {
  ...{ rounds: 1, warmUp: 200, duration: 800 },
  ...{ loans: 4, lenders: 20, accounts: 40, inFlight: 4 },
};

let interruptedBy: "SIGINT" | "SIGTERM" | undefined;
const interruption = new AbortController();

async function compare(options: Options, folder: string): Promise<[Comparison, RoundsResult]> {
  const say = (text: string): void => console.error(`compare: ${text}`);
  const wanted = PEERS.filter((peer) => options.peers?.includes(peer.key) ?? true);
  const peers: Peer[] = [];
  const skipped: { peer: string; reason: string }[] = [];
  for (const peer of wanted) {
    const reason = await peer.missing(options.install, say);
    if (reason === null) peers.push(peer);
    else skipped.push({ peer: peer.key, reason });
  }
  for (const { peer, reason } of skipped) say(`${peer} is left out: ${reason}`);
  const plan = planOf(options, peers, folder);
  const turns = plan.contests.flatMap((key) => peers.filter((peer) => peer.contests.includes(key)));
  const progress = new Progress(turns.length * plan.rounds);
  const machine = describeMachine(folder);
  const result = emptyResult();
  try {
    await runRounds(plan, result, progress, interruption.signal);
  } catch (error) {
    if (interruptedBy === undefined) throw error;
  } finally {
    progress.end();
  }
  const contests = contestFigures(result);
  const { json: _, dataFolder: __, peers: ___, readme: ____, ...settings } = options;
  const comparison: Comparison = {
    machine,
    settings: { ...settings, contests: options.contests.join(), shapes: options.shapes.join() },
    peers: wanted,
    contests,
    skipped,
    failed: result.failed,
    voidBecause: voidBecause(contests),
    interrupted: interruptedBy !== undefined,
  };
  return [comparison, result];
}

function planOf(options: Options, peers: readonly Peer[], folder: string): RoundsPlan {
  const { rounds, clients, contests, shapes, direct } = options;
  const { loans, lenders, accounts, inFlight } = options;
  const jwtSecret = newSecret();
  const timing = { warmUpMs: options.warmUp, measuredMs: options.duration };
  return {
    ...{ peers, contests, rounds, clients, folder },
    bids: { ...timing, shapes, direct, jwtSecret },
    repayments: { ...timing, loans, lenders, accounts, inFlight, jwtSecret },
  };
}

function exitCode({ voidBecause: reasons, failed }: Comparison, result: RoundsResult): number {
  if (interruptedBy !== undefined) return EXIT_OF_SIGNAL[interruptedBy];
  if (result.failed.some(({ wrongState }) => wrongState)) return EXIT.wrongState;
  if (failed.length > 0) return EXIT.failed;
  return reasons.length > 0 ? EXIT.void : EXIT.ok;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // The first one ends the run in order; a second one ends the process at once.
  process.once(signal, () => {
    interruptedBy = signal;
    interruption.abort();
    void stopAllStarted();
  });
}

const given = optionsOf<Options>(command);
const options: Options = given.quick ? { ...given, ...QUICK } : given;
const temporary = temporaryFolder(options.dataFolder, "loanloom-compare-");
// PostgreSQL runs as a user of its own, who must get to its folder.
chmodSync(temporary.path, 0o755);
try {
  const [comparison, result] = await compare(options, temporary.path);
  console.log(options.json ? comparisonJson(comparison) : comparisonText(comparison));
  if (options.readme !== undefined) writeComparison(options.readme, comparison, new Date());
  for (const { peer, reason } of comparison.failed) console.error(`NO FIGURE: ${peer}: ${reason}`);
  for (const reason of comparison.voidBecause) console.error(`VOID: ${reason}`);
  process.exitCode = exitCode(comparison, result);
} catch (error) {
  failWith(error);
} finally {
  await stopAllStarted();
  temporary.remove();
}
