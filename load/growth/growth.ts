// `npm run growth`: the command line. What does a bid cost as the world around it grows?

import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { EXIT_OF_SIGNAL } from "../../src/command/exit-codes.ts";
import { count } from "../../src/command/number-options.ts";
import { EXIT, exitHelp, failWith } from "../command/exit-codes.ts";
import { optionsOf } from "../command/options.ts";
import { ClientFleet } from "../bench/client-fleet.ts";
import type { PhaseRun } from "../bench/phases.ts";
import { Progress } from "../bench/progress.ts";
import { temporaryFolder } from "../machine/left-behind.ts";
import { describeMachine } from "../machine/machine.ts";
import { newSecret } from "../machine/server-process.ts";
import { AXES, pointsOf, type Axis, type Point } from "./growth-axes.ts";
import { growthSvg } from "./growth-chart.ts";
import { measurePoint } from "./growth-point.ts";
import { growthAxes, growthJson, growthText, writeGrowth, FLAT_WITHIN } from "./growth-report.ts";
import type { Growth, PointRun } from "./growth-report.ts";

const AXIS_KEYS: readonly Axis[] = AXES.map(({ axis }) => axis);

interface Options {
  readonly json: boolean;
  readonly axes: readonly Axis[];
  readonly max: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
  readonly sockets: number;
  readonly inFlight: number;
  readonly strict: boolean;
  readonly svg?: string;
  readonly readme?: string;
  readonly dataFolder: string;
}

const command = new Command("growth")
  .description(
    "CPU of server and Redis for each durable bid, as accounts, loans, lenders of a loan and shards grow,\n" +
      "one at a time. Each point has a fresh server; rounds are interleaved.",
  )
  .option("--json", "print one JSON object on the last line of stdout", false)
  .option("--axes <keys>", AXIS_KEYS.join(", "), axisKeys, AXIS_KEYS)
  .option("--max <n>", "leave out larger values", count, 1_000_000)
  .option("--rounds <n>", "interleaved repeats; medians are reported", count, 3)
  .option("--warm-up <ms>", "load before measuring", count, 2_000)
  .option("--duration <ms>", "measured time of each point", count, 3_000)
  .option("--sockets <n>", "sockets that bid", count, 64)
  .option("--in-flight <n>", "bids in flight on each", count, 16)
  .option(
    "--strict",
    `exit ${EXIT.targetMissed} when an axis is not flat within ${FLAT_WITHIN}`,
    false,
  )
  .option("--svg <file>", "also write the chart")
  .option("--readme <file>", "also write the results between the markers of this file")
  .option("--data-folder <path>", "where Redis writes; on a real disk", tmpdir())
  .addHelpText(
    "after",
    exitHelp({
      ok: "measured",
      failed: "a process failed",
      wrongState: "the server's final state is not what it had told the clients",
      targetMissed: "an axis is not flat, with --strict",
      signal: "when it was stopped by a signal, and what it had measured was reported",
    }),
  );

function axisKeys(text: string): readonly Axis[] {
  return text.split(",").map((key) => {
    const axis = AXIS_KEYS.find((known) => known === key.trim());
    if (axis === undefined) throw new InvalidArgumentError(`no ${key}`);
    return axis;
  });
}

let interruptedBy: "SIGINT" | "SIGTERM" | undefined;
const interruption = new AbortController();

async function measure(options: Options, folder: string): Promise<Growth> {
  const { axes, max, rounds, warmUp, duration, sockets, inFlight } = options;
  const points = pointsOf(axes, max);
  const machine = describeMachine(folder);
  const progress = new Progress(points.length * rounds);
  const fleet = new ClientFleet(1);
  interruption.signal.addEventListener("abort", () => fleet.stop(), { once: true });
  const plan = {
    ...{ shape: { sockets, inFlight }, warmUpMs: warmUp, measuredMs: duration },
    jwtSecret: newSecret(),
  };
  const runs: PointRun[] = [];
  const measured = async (point: Point, round: number): Promise<PhaseRun> => {
    const name = `${point.axis} ${point.value.toLocaleString("en-US")}`;
    const pointFolder = join(folder, `${round}-${point.axis}-${point.value}`);
    const onStep = (text: string): void => {
      interruption.signal.throwIfAborted();
      progress.show(`round ${round}, ${name}: ${text}`);
    };
    try {
      return await measurePoint(point, plan, fleet, pointFolder, onStep);
    } finally {
      rmSync(pointFolder, { recursive: true, force: true });
      progress.step();
    }
  };
  try {
    for (let round = 1; round <= rounds; round++) {
      // Backwards in every second round: a machine that slows down tilts no axis.
      const order = round % 2 === 1 ? points : [...points].reverse();
      for (const point of order) {
        if (interruption.signal.aborted) break;
        runs.push({ point, run: await measured(point, round) });
      }
    }
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
  } finally {
    progress.end();
    fleet.stop();
  }
  const settings = { axes: axes.join(), rounds, warmUp, duration, sockets, inFlight, max };
  const interrupted = interruption.signal.aborted;
  return { machine, settings, axes: growthAxes(runs), interrupted };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // The first one ends the run in order; a second one ends the process at once.
  process.once(signal, () => {
    interruptedBy = signal;
    interruption.abort();
  });
}

const options = optionsOf<Options>(command);
const temporary = temporaryFolder(options.dataFolder, "loanloom-growth-");
try {
  const growth = await measure(options, temporary.path);
  console.log(options.json ? growthJson(growth) : growthText(growth));
  if (options.svg !== undefined) writeFileSync(options.svg, growthSvg(growth));
  if (options.readme !== undefined) writeGrowth(options.readme, growth, new Date());
  const isFlat = Object.values(growth.axes).every((axis) => axis.isFlat);
  if (options.strict && !isFlat) process.exitCode = EXIT.targetMissed;
  if (interruptedBy !== undefined) process.exitCode = EXIT_OF_SIGNAL[interruptedBy];
} catch (error) {
  failWith(error);
} finally {
  temporary.remove();
}
