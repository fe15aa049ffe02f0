// `loanloom demo`: the main job, for real. A thousand lenders bid at once on one loan over
// WebSocket, the loan is paid out and repaid month by month, the server is killed in the middle of
// both, and the clients' own logs are compared with the journal.

import { Command } from "commander";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_OF_SIGNAL, UsageError } from "../command/exit-codes.ts";
import { within } from "../command/number-options.ts";
import { money, whole } from "./audit-text.ts";
import { principalCentsMin, STEP_CENTS } from "./demo/bid-plan.ts";
import { Burst } from "./demo/burst.ts";
import { BurstFailure } from "./demo/demo-server.ts";
import { Screen } from "./demo/screen.ts";
import { summarize } from "./demo/summary.ts";
import { EXIT } from "./exit-codes.ts";

const LENDERS_MAX = 5_000;
const PRINCIPAL_UNITS_MAX = 1_000_000_000;

interface DemoOptions {
  readonly lenders: number;
  /** In units, as people write it. */
  readonly principal: number;
  readonly shards: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly json: boolean;
}

export function demoCommand(): Command {
  return new Command("demo")
    .description(
      "a thousand lenders bid at once and are repaid, the server is killed twice, and all adds up",
    )
    .option("--lenders <number>", "how many lenders bid", within(1, LENDERS_MAX), 1_000)
    .option(
      "--principal <amount>",
      "what the loan wants, in whole units",
      within(1, PRINCIPAL_UNITS_MAX),
      1_000_000,
    )
    .option("--shards <number>", "shards of the server", within(1, 64), 1)
    .option("--seed <number>", "seed of amounts and kinds of bids", within(0, 0xffffffff), 7)
    .option("--keep", "keep the data folder, and say where it is", false)
    .option("--json", "print the summary as one JSON object on the last line", false)
    .addHelpText(
      "after",
      "\nRuns a server and a Redis of its own in a temporary folder, on a free port." +
        "\nExit codes: 0 everything adds up, 1 something is off, 2 usage, 3 no server or no Redis.",
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options);
    });
}

/** Ended by a signal; everything is cleaned up before the process says so. */
class Aborted extends Error {
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT_OF_SIGNAL) {
    super(`ended by ${signal}`);
    this.exitCode = EXIT_OF_SIGNAL[signal];
  }
}

async function demo(options: DemoOptions): Promise<number> {
  const { lenders, shards, seed } = options;
  const principalCents = options.principal * 100;
  const leastCents = principalCentsMin(lenders);
  if (principalCents < leastCents || principalCents % STEP_CENTS !== 0) {
    throw new UsageError(`${whole(lenders)} lenders need a loan of at least ${money(leastCents)}`);
  }
  const folder = await mkdtemp(join(tmpdir(), "loanloom-demo-"));
  const burst = new Burst({ folder, lenders, principalCents, shards, seed });
  const title = `Loanloom: ${whole(lenders)} lenders, one loan of ${money(principalCents)}`;
  const screen = new Screen(process.stderr, title, () => burst.state);
  const signals = listenToSignals(burst);
  try {
    screen.start();
    const summary = summarize(await burst.run(signals.aborted));
    screen.end();
    process.stdout.write(`${summary.text}\n`);
    if (options.json) process.stdout.write(`${JSON.stringify(summary.json)}\n`);
    return summary.faults.length === 0 ? EXIT.ok : EXIT.refused;
  } catch (error) {
    if (!(error instanceof Aborted || error instanceof BurstFailure)) throw error;
    screen.end();
    process.stderr.write(`loanloom demo: ${error.message}\n`);
    return error instanceof Aborted ? error.exitCode : EXIT.refused;
  } finally {
    screen.end();
    await burst.cleanUp();
    signals.forget();
    await putAway(folder, options.keep);
  }
}

/** The first signal ends the run in order, a second one at once. */
function listenToSignals(burst: Burst): { aborted: Promise<never>; forget(): void } {
  let abort!: (error: Aborted) => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = reject;
  });
  aborted.catch(() => undefined);
  let seen = 0;
  const listeners = (Object.keys(EXIT_OF_SIGNAL) as (keyof typeof EXIT_OF_SIGNAL)[]).map(
    (signal) => {
      const listener = (): void => {
        if (++seen > 1) process.exit(EXIT_OF_SIGNAL[signal]);
        abort(new Aborted(signal));
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  );
  const lastResort = (): void => burst.cleanUpNow();
  process.on("exit", lastResort);
  return {
    aborted,
    forget() {
      for (const off of listeners) off();
      process.off("exit", lastResort);
    },
  };
}

async function putAway(folder: string, keep: boolean): Promise<void> {
  if (keep)
    process.stderr.write(`data kept in ${folder}; see: loanloom verify --data ${folder}/data\n`);
  else await rm(folder, { recursive: true, force: true });
}
