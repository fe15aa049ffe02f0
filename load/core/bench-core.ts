// `npm run bench:core`: what a bid, or a leg of a repayment, costs in the core alone. For whoever
// changes it: on a machine that others use too, this is the figure that repeats itself best.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { count } from "../../src/command/number-options.ts";
import { EXIT, exitHelp } from "../command/exit-codes.ts";
import { optionsOf } from "../command/options.ts";
import { measureBids, type BidOptions } from "./bids.ts";
import type { CoreFigures } from "./core-world.ts";
import { measureRepayments, type RepaymentOptions } from "./repayments.ts";

interface Options extends BidOptions, RepaymentOptions {
  readonly json: boolean;
  readonly runs: number;
  readonly repayments: boolean;
}

/** Set in the process of one run. */
const ONE_RUN = "LOANLOOM_CORE_RUN";

const command = new Command("bench:core")
  .description(
    "Bids, or repayments to all lenders, through the real runtime and actors in one process, without\n" +
      "sockets, MACs and Redis: CPU of decoding, deciding, encoding the journal and releasing. Each run\n" +
      "has a process of its own.",
  )
  .option("--json", "print one JSON object on the last line of stdout", false)
  .option("--repayments", "legs of repayments for bids", false)
  .option("--accounts <n>", "accounts that bid, by chance, or that lend", count, 1_000)
  .option("--loans <n>", "loans that are bid on, by chance, or repaid, in turn", count, 1)
  .option("--lenders <n>", "of each loan that is repaid", count, 1_000)
  .option("--in-flight <n>", "bids or repayments without an answer", count, 1_024)
  .option("--bids <n>", "bids of a run, three tenths of them to warm up", count, 600_000)
  .option("--legs <n>", "legs of a run, after a repayment of each loan", count, 2_000_000)
  .option("--runs <n>", "of which the lowest counts: others only ever add", count, 5)
  .addHelpText(
    "after",
    exitHelp({
      ok: "measured",
      failed: "a run failed",
      signal: "when it was stopped by a signal, without a report",
    }),
  );

const options = optionsOf<Options>(command);
if (process.env[ONE_RUN] === "1") console.log(JSON.stringify(await measure(options)));
else measureRuns(options);

function measure(of: Options): Promise<CoreFigures> {
  return of.repayments ? measureRepayments(of) : measureBids(of);
}

function measureRuns({ runs, json, ...shape }: Options): void {
  const figures: CoreFigures[] = [];
  for (let run = 0; run < runs; run++) {
    const child = spawnSync(
      process.execPath,
      [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
      {
        env: { ...process.env, [ONE_RUN]: "1" },
        stdio: ["ignore", "pipe", "inherit"],
        encoding: "utf8",
      },
    );
    if (child.status !== 0) {
      process.exitCode = EXIT.failed;
      return;
    }
    figures.push(JSON.parse(child.stdout) as CoreFigures);
    if (process.stderr.isTTY) process.stderr.write(`\rrun ${run + 1} of ${runs}`);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  const sorted = figures.map(({ cpuUs }) => cpuUs).sort((a, b) => a - b);
  if (json) {
    console.log(JSON.stringify({ ...shape, lowestCpuUs: sorted[0], runs: figures }));
    return;
  }
  const { accounts, loans, lenders, inFlight, repayments } = shape;
  const each = repayments ? ` of ${lenders} lenders` : "";
  console.log(`${accounts} accounts, ${loans} loans${each}, ${inFlight} in flight`);
  const lowest = `lowest ${sorted[0]}, all ${sorted.join(" ")}`;
  console.log(`CPU us a ${repayments ? "leg" : "bid"}: ${lowest}`);
}
