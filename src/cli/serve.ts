// `loanloom serve`: settings in, a running server out, and its end. The first signal drains, the
// second one exits at once; neither loses what was acknowledged.

import { Command } from "commander";
import { loadConfig } from "../config.ts";
import { createLog, type Log } from "../ops/log.ts";
import type { RunningServer } from "../main.ts";
import { settingsText } from "./config-listing.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { urlOf } from "./remote.ts";

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

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
  const { startServer } = await import("../main.ts");
  const server = await startServer(config, log);
  // For people, beside the log on standard output, which is for machines.
  process.stderr.write(
    `Loanloom serves ${urlOf(config, server.port)}; ` +
      "get a token with: loanloom token --sub alice\n",
  );
  await drain(server, await stopping, log);
}

/** From the start on: a signal while data is still being loaded is not lost. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        // The embedded Redis is left running then: the next start adopts it with all its data.
        if (++signals > 1) process.exit(SIGNAL_EXIT[signal]);
        resolve(signal);
      });
    }
  });
}

async function drain(server: RunningServer, signal: NodeJS.Signals, log: Log): Promise<void> {
  log.info({ signal }, "stopping");
  await server.stop(`the server was asked to stop (${signal})`);
  log.info({}, "stopped");
  // Handles that a library keeps open must not hold up what asked for the end.
  process.exit(EXIT.ok);
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
