// `npm run bench:fanout`: repayments that are divided among all lenders of a loan, over
// sockets, with everything in place: the borrower's debit, exact splitting, books,
// MACs, fsync before the answer.

import { tmpdir } from "node:os";
import { Command } from "commander";
import { count } from "../../src/command/number-options.ts";
import { exitHelp, failWith } from "../command/exit-codes.ts";
import { optionsOf } from "../command/options.ts";
import { measureFanout, type FanoutOptions } from "./fanout.ts";
import { fanoutJson, fanoutText, writeFanout } from "./fanout-report.ts";
import { temporaryFolder } from "../machine/left-behind.ts";

function counts(text: string): number[] {
  return text === "0" ? [] : text.split(",").map(count);
}

const command = new Command("bench:fanout")
  .description(
    "Repayments of loans with a thousand lenders each, one at a time and many in flight, the time\n" +
      "until the last lender has its push, and how both grow with the lenders of a loan.",
  )
  .option("--json", "print one JSON object on the last line of stdout", false)
  .option("--loans <n>", "loans", count, 1_000)
  .option("--lenders <n>", "lenders of each loan", count, 1_000)
  .option("--accounts <n>", "accounts that lend", count, 10_000)
  .option("--in-flight <n>", "repayments at the same time in the parallel phase", count, 64)
  .option("--rounds <n>", "interleaved repeats; medians are reported", count, 3)
  .option("--warm-up <ms>", "load before measuring, in each phase", count, 1_500)
  .option("--duration <ms>", "measured time of each phase", count, 4_000)
  .option("--pushes <n>", "repayments whose last push is timed", count, 200)
  .option(
    "--growth <list>",
    "lenders a loan, comma-separated; 0 leaves it out",
    counts,
    [10, 100, 1_000, 10_000],
  )
  .option("--data-folder <path>", "where Redis writes; on a real disk", tmpdir())
  .option("--readme <file>", "also write the results between the markers of this file")
  .option("--profile [folder]", "the server under --cpu-prof")
  .addHelpText(
    "after",
    "\nA posting is one leg: a lender credited with its principal, interest and penalty less the\n" +
      "service fee.\n" +
      exitHelp({
        ok: "measured",
        failed: "a process failed",
        wrongState: "the final state is not what the borrowers were told",
        signal: "when it was stopped by a signal, without a report",
      }),
  );

interface Parsed extends Omit<FanoutOptions, "folder" | "profileFolder"> {
  readonly json: boolean;
  readonly dataFolder: string;
  readonly readme?: string;
  readonly profile?: string | true;
}

const parsed = optionsOf<Parsed>(command);
const temporary = temporaryFolder(parsed.dataFolder, "loanloom-fanout-");
const folder = temporary.path;
try {
  const profileFolder = parsed.profile === true ? "." : (parsed.profile ?? null);
  const done = await measureFanout({ ...parsed, folder, profileFolder });
  if (parsed.readme !== undefined) writeFanout(parsed.readme, done, new Date());
  console.log(parsed.json ? fanoutJson(done) : fanoutText(done));
} catch (error) {
  failWith(error);
} finally {
  temporary.remove();
}
