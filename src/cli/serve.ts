// `loanloom serve`: settings in, a running server out, and its end. The first signal drains, the
// second one exits at once; neither loses what was acknowledged.

import { Command } from "commander";
import { loadConfig } from "../config.ts";
import { JournalError } from "../journal/errors.ts";
import { createLog, type Log } from "../ops/log.ts";
import type { RunningServer } from "../main.ts";
import { settingsText } from "./config-listing.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { urlOf } from "./remote.ts";

const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function serveCommand(): Command {
  return new Command("serve")
    .description("run the server; without REDIS_URL with a Redis of its own")
    .addHelpText(
      "after",
      () => `\nSettings, from the environment:\n${settingsText()}\n${EXIT_HELP}`,
    )
    .action(serve);
}

async function serve(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog(config.deployment.logLevel);
  exitOnBugs(log);
  const stopping = firstSignal();
  const givesUp = new AbortController();
  void stopping.then((signal) => givesUp.abort(signal));
  const { startServer } = await import("../main.ts");
  const server = await startServer(config, log, givesUp.signal).catch((error: unknown) => {
    const gaveUp = error instanceof JournalError && error.code === "closed";
    if (!gaveUp || !givesUp.signal.aborted) throw error;
    // What it had of it by then was given back.
    const { standby } = config.deployment;
    log.info({}, standby ? "stopped while it stood by" : "stopped before it served");
    return process.exit(EXIT.ok);
  });
  // For people, beside the log on standard output, which is for machines.
  process.stderr.write(
    `Loanloom serves ${urlOf(config, server.port)}; ` +
      "get a token with: loanloom token --sub alice\n",
  );
  const lost = server.lost.then((reason) => {
    log.error(
      { reason },
      "another server has taken over: this one ends; started again it stands by",
    );
    return null;
  });
  await drain(server, await Promise.race([stopping, lost]), log);
}

/** From the start on: a signal while data is still being loaded is not lost. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        // The embedded Redis is left running then: the next start adopts it with all its data.
        if (++signals > 1) process.exit(SIGNAL_EXIT[signal]);
        resolve(signal);
      });
    }
  });
}

/** `signal` is null when nobody asked for it: a supervisor is to start it again. */
async function drain(
  server: RunningServer,
  signal: NodeJS.Signals | null,
  log: Log,
): Promise<void> {
  log.info({ signal }, "stopping");
  const why =
    signal === null ? "another server has taken over" : `the server was asked to stop (${signal})`;
  await server.stop(why);
  log.info({}, "stopped");
  // Handles that a library keeps open must not hold up what asked for the end.
  process.exit(signal === null ? EXIT.refused : EXIT.ok);
}

/**
 * After a bug outside of any actor nobody knows what is true in memory. The journal does: so end,
 * and let the next start read it.
 */
function exitOnBugs(log: Log): void {
  const end = (error: unknown): void => {
    log.fatal({ err: error }, "a bug ends the server; the next start recovers from the journal");
    process.exit(EXIT.refused);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
