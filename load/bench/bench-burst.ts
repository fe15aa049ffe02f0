// `npm run bench:burst`: the command line of the benchmark. It says what was measured or why not;
// a run that is void, or whose books are wrong, never ends with code 0.

import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { count, countOrZero } from "../../src/command/number-options.ts";
import { EXIT, exitHelp, failWith } from "../command/exit-codes.ts";
import { optionsOf } from "../command/options.ts";
import { measureAccountMemory } from "./account-memory.ts";
import { runBurst, type BurstPlan } from "./burst.ts";
import { ClientFleet } from "./client-fleet.ts";
import { temporaryFolder } from "../machine/left-behind.ts";
import { describeMachine } from "../machine/machine.ts";
import { PHASES } from "./phases.ts";
import { Progress } from "./progress.ts";
import { writeResults } from "./readme-results.ts";
import { measureRecovery } from "./recovery-times.ts";
import { report, reportJson, reportText, type Report } from "./report.ts";
import { LIFTED_LIMITS, newSecret, type ServerOptions } from "../machine/server-process.ts";

interface Options {
  readonly json: boolean;
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration: number;
  readonly clients: number;
  readonly only?: readonly string[];
  readonly accounts: number;
  readonly recovery: boolean;
  readonly tailEvents: number;
  readonly snapshotAccounts: number;
  readonly starts: number;
  readonly profile?: string | true;
  readonly dataFolder: string;
  readonly readme?: string;
}

const command = new Command("bench:burst")
  .description(
    "Drives one hot loan and a thousand loans over WebSocket from separate client processes, on\n" +
      "embedded Redis with fsync always, and a bare uWebSockets.js echo with the same driver.",
  )
  .option("--json", "print one JSON object on the last line of stdout", false)
  .option("--rounds <n>", "interleaved repeats; medians are reported", count, 3)
  .option("--warm-up <ms>", "load before measuring, in each phase", count, 2_000)
  .option("--duration <ms>", "measured time of each phase", count, 4_000)
  .option("--clients <n>", "client processes", count, 1)
  .option("--only <phases>", `comma-separated: ${PHASES.map((p) => p.key).join(", ")}`, phaseKeys)
  .option("--accounts <n>", "accounts for the memory figure; 0 leaves it out", countOrZero, 20_000)
  .option("--recovery", "also time to serve after a crash and after a stop (minutes)", false)
  .option("--tail-events <n>", "events to replay, with --recovery", count, 500_000)
  .option("--snapshot-accounts <n>", "accounts to start with, with --recovery", count, 1_000_000)
  .option("--starts <n>", "starts after kill -9, with --recovery; medians are reported", count, 5)
  .option("--profile [folder]", "one round of the server under --cpu-prof; no memory figure")
  .option("--data-folder <path>", "where Redis writes; on a real disk", tmpdir())
  .option("--readme <file>", "also write the results between the markers of this file")
  .addHelpText(
    "after",
    exitHelp({
      ok: "measured",
      failed: "a process failed",
      wrongState: "the server's final state is not what it had told the clients",
      void: "void (more than 1 % refused)",
      signal: "when it was stopped by a signal, without a report",
    }),
  );

function phaseKeys(text: string): readonly string[] {
  const keys = text.split(",").map((key) => key.trim());
  for (const key of keys) {
    if (!PHASES.some((phase) => phase.key === key)) throw new InvalidArgumentError(`no ${key}`);
  }
  return keys;
}

async function measure(options: Options, folder: string): Promise<Report> {
  const { only } = options;
  const phases = PHASES.filter((phase) => only === undefined || only.includes(phase.key));
  const profileFolder = options.profile === true ? "." : options.profile;
  const rounds = profileFolder === undefined ? options.rounds : 1;
  const wantsMemory = options.accounts > 0 && profileFolder === undefined;
  const machine = describeMachine(folder);
  const steps = phases.length * rounds + (wantsMemory ? 1 : 0) + (options.recovery ? 2 : 0);
  const progress = new Progress(steps);
  const plan: BurstPlan = {
    phases,
    rounds,
    clients: options.clients,
    warmUpMs: options.warmUp,
    measuredMs: options.duration,
    folder,
    jwtSecret: newSecret(),
    environment: {},
    nodeArguments: profileFolder === undefined ? [] : profileArguments(resolve(profileFolder)),
  };
  const { jwtSecret } = plan;
  const server = (name: string): ServerOptions => ({ folder: join(folder, name), jwtSecret });
  try {
    const runs = await runBurst(plan, progress);
    const memory = wantsMemory
      ? await measureAccountMemory(server("memory"), options.accounts, progress)
      : null;
    if (wantsMemory) progress.step();
    const recovery = options.recovery
      ? await withFleet(options.clients, (fleet) =>
          measureRecovery(server("recovery"), options, fleet, progress),
        )
      : null;
    const { warmUp: warmUpMs, duration: durationMs, clients } = options;
    const settings = { ...LIFTED_LIMITS, rounds, warmUpMs, durationMs, clients };
    return report({ machine, settings, phases, runs, memory, recovery });
  } finally {
    progress.end();
  }
}

async function withFleet<T>(
  processes: number,
  use: (fleet: ClientFleet) => Promise<T>,
): Promise<T> {
  const fleet = new ClientFleet(processes);
  try {
    return await use(fleet);
  } finally {
    fleet.stop();
  }
}

function profileArguments(folder: string): readonly string[] {
  const name = `bench-burst-server-${Date.now()}.cpuprofile`;
  console.error(`The server's profile will be ${join(folder, name)}`);
  return ["--cpu-prof", `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}`];
}

const options = optionsOf<Options>(command);
const temporary = temporaryFolder(options.dataFolder, "loanloom-bench-");
try {
  const done = await measure(options, temporary.path);
  console.log(options.json ? reportJson(done) : reportText(done));
  if (options.readme !== undefined) writeResults(options.readme, done, new Date());
  if (done.void) {
    console.error(`VOID: ${done.voidBecause.join("; ")}`);
    process.exitCode = EXIT.void;
  }
} catch (error) {
  failWith(error);
} finally {
  temporary.remove();
}
