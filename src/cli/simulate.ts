// `loanloom simulate`: years of lending in this process, on the real actors, repeated by a seed. It
// ends with the books, what investors earned, and a check of every invariant.

import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { within } from "../command/number-options.ts";
import { SimulationFailure } from "../simulation/clients.ts";
import { simulate } from "../simulation/simulation.ts";
import { EXIT } from "./exit-codes.ts";
import { simulationJson, simulationText } from "./simulate/report-text.ts";

interface SimulateOptions {
  readonly seed: number;
  readonly lenders: number;
  readonly borrowers: number;
  readonly years: number;
  readonly shards: number;
  readonly clockJumps: boolean;
  readonly json: boolean;
}

export function simulateCommand(): Command {
  return new Command("simulate")
    .description("years of lending in seconds: late payers, defaults, early repayments, the books")
    .option("--seed <number>", "the same seed gives the same world", within(0, 0xffffffff), 7)
    .option("--lenders <number>", "how many lend", within(20, 10_000), 1_000)
    .option("--borrowers <number>", "how many borrow, one loan at a time", within(1, 2_000), 200)
    .option("--years <number>", "how long, in years of 365 days", within(1, 10), 3)
    .option("--shards <number>", "shards of the server", within(1, 16), 1)
    .option("--clock-jumps", "the server's clock jumps by an hour and stands still", false)
    .option("--json", "print the report as one JSON object on the last line", false)
    .addHelpText(
      "after",
      "\nRuns in this process, on journals in memory; nothing is left behind." +
        "\nExit codes: 0 every invariant holds, 1 something is off, 2 usage.",
    )
    .action(async (options: SimulateOptions) => {
      process.exitCode = await run(options);
    });
}

async function run(options: SimulateOptions): Promise<number> {
  const startedMs = performance.now();
  const bar = progressBar();
  try {
    const report = await simulate({
      ...options,
      onProgress: (day, days) => {
        if (day === 1) bar?.start(days, 0, { phase: "" });
        bar?.update(day, { phase: day === days ? "checking every invariant" : "" });
        // The checks leave the bar no moment to draw itself.
        if (day === days) bar?.render();
      },
    });
    bar?.stop();
    const tookMs = performance.now() - startedMs;
    process.stdout.write(`${simulationText(options, report, tookMs)}\n`);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(simulationJson(options, report, tookMs))}\n`);
    }
    return report.faults.length === 0 ? EXIT.ok : EXIT.refused;
  } catch (error) {
    bar?.stop();
    if (!(error instanceof SimulationFailure)) throw error;
    process.stderr.write(`loanloom simulate: ${error.message}\n`);
    return EXIT.refused;
  }
}

/** On standard error, and only where somebody watches. */
function progressBar(): SingleBar | null {
  if (!process.stderr.isTTY) return null;
  return new SingleBar({
    format: "{bar} {percentage} %  day {value} of {total}  {duration_formatted}  {phase}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    stream: process.stderr,
    // Ctrl-C ends the process at once: nothing is left to give the cursor back.
    hideCursor: false,
    clearOnComplete: true,
  });
}
