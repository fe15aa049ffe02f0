// `npm run load`: the command line of the load tool. It never ends with code 0 when the audit
// failed or the figures do not count, and it leaves nothing running, whatever ends it.

import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommanderError } from "commander";
import { endOnClosedPipe } from "../src/command/closed-pipe.ts";
import { exitOfCommander, UsageError } from "../src/command/exit-codes.ts";
import { EXIT, exitOf } from "./command/exit-codes.ts";
import { TokenFileError } from "./driver/identities.ts";
import { loadCommand, runOptionsOf, type LoadOptions } from "./load-options.ts";
import { exitCodeOf, loadReport, type LoadReport } from "./report/load-report.ts";
import { reportPage } from "./report/page.ts";
import { reportText } from "./report/report-text.ts";
import { runOnce, type RunOptions } from "./run/run.ts";
import { Screen } from "./run/screen.ts";
import { searchMax } from "./run/search.ts";
import { Interrupted, StopSignal } from "./run/stop-signal.ts";
import { SCENARIOS, scenarioNamed } from "./scenarios/catalogue.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { describeScenario, listScenarios } from "./scenarios/describe.ts";

async function main(name: string | undefined, options: LoadOptions): Promise<number> {
  if (options.list) {
    print(options.json ? JSON.stringify(SCENARIOS) : listScenarios(SCENARIOS));
    return EXIT.ok;
  }
  if (name === undefined) throw new UsageError("name a scenario; --list shows them");
  const scenario = scenarioNamed(name);
  if (scenario === undefined) throw new UsageError(`there is no scenario ${name}; see --list`);
  const runOptions = runOptionsOf(scenario, options);
  if (options.describe) {
    const described = { scenario, plan: runOptions.plan };
    print(options.json ? JSON.stringify(described) : describeScenario(scenario, runOptions.plan));
    return EXIT.ok;
  }
  if (options.html !== undefined) checkWritable(options.html);
  const stop = new StopSignal();
  stop.listen();
  try {
    const report = await measured(scenario, options, runOptions, stop);
    print(options.json ? JSON.stringify(report) : reportText(report));
    if (options.html !== undefined) {
      writeFileSync(options.html, reportPage(report));
      process.stderr.write(`report: ${options.html}\n`);
    }
    const code = exitCodeOf(report);
    return code === EXIT.ok ? (stop.exitCode ?? EXIT.ok) : code;
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    process.stderr.write(`${error.message}\n`);
    return stop.exitCode ?? EXIT.failed;
  }
}

/** Before the run, which may take hours. */
function checkWritable(path: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) throw new Error(`${path} is a folder`);
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--html: ${(error as Error).message}`);
  }
}

async function measured(
  scenario: Scenario,
  options: LoadOptions,
  runOptions: RunOptions,
  stop: StopSignal,
): Promise<LoadReport> {
  const screen = new Screen();
  const targetP99Ms = options.p99 ?? null;
  const at = new Date();
  const measureOnce = async (one: RunOptions): Promise<LoadReport> => {
    const run = await runOnce(one, stop, screen);
    return loadReport({ run, runOptions: one, scenario, targetP99Ms, findMax: null, at });
  };
  if (!options.findMax) return measureOnce(runOptions);
  if (targetP99Ms === null) throw new UsageError("--find-max needs a target: --p99 <ms>");
  // All that the first plan was made of, at another rate.
  const withRate = (ratePerSecond: number): RunOptions =>
    runOptionsOf(scenario, { ...options, plan: { ...options.plan, ratePerSecond } });
  const { result, best } = await searchMax(
    {
      fromPerSecond: options.from ?? runOptions.plan.ratePerSecond,
      targetP99Ms,
      tolerance: options.tolerance / 100,
      probesMax: options.probes,
      confirmations: options.confirm,
    },
    (ratePerSecond) => measureOnce(withRate(ratePerSecond)),
    stop,
    screen,
  );
  return { ...best, findMax: result };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

endOnClosedPipe();
const command = loadCommand(async (name, options) => {
  process.exitCode = await main(name, options);
});
try {
  await command.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = exitOfCommander(error);
  } else {
    process.stderr.write(`load: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof TokenFileError ? EXIT.usage : exitOf(error);
  }
}
