// The commands and how they are run. Each is loaded only when it is asked for, so that `token`
// does not load a server, and one that cannot be loaded does not take the others with it.

import { readFile } from "node:fs/promises";
import { Command, CommanderError } from "commander";
import { exitOfCommander } from "../command/exit-codes.ts";
import { ERRORS, type ErrorCode } from "../protocol/errors.ts";
import { EXIT, EXIT_HELP, exitCodeOf } from "./exit-codes.ts";

interface CommandRow {
  readonly about: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, CommandRow>> = {
  serve: {
    about: "run the server",
    load: async () => (await import("./serve.ts")).serveCommand(),
  },
  demo: {
    about: "a thousand lenders bid on one loan and are repaid, while the server is killed twice",
    load: async () => (await import("./demo.ts")).demoCommand(),
  },
  simulate: {
    about: "years of lending in seconds, in this process: books, returns, every invariant",
    load: async () => (await import("./simulate.ts")).simulateCommand(),
  },
  token: {
    about: "make a token for development; revoke tokens",
    load: async () => (await import("./token.ts")).tokenCommand(),
  },
  account: {
    about: "open, fund, show and watch accounts",
    load: async () => (await import("./account.ts")).accountCommand(),
  },
  application: {
    about: "apply for a loan, review it, and sign its contract",
    load: async () => (await import("./application.ts")).applicationCommand(),
  },
  loan: {
    about: "list, publish, show and watch loans, bid on them and repay them",
    load: async () => (await import("./loan.ts")).loanCommand(),
  },
  calendar: {
    about: "the business date of the server, and moving it on",
    load: async () => (await import("./calendar.ts")).calendarCommand(),
  },
  schedule: {
    about: "the repayments of a loan; or its payment, rate, term or amount from the others",
    load: async () => (await import("./schedule.ts")).scheduleCommand(),
  },
  books: {
    about: "the trial balance, now or as a day was closed; fails when it does not balance",
    load: async () => (await import("./books.ts")).booksCommand(),
  },
  verify: {
    about: "walk the journals: ids, MACs and, where they are whole, all invariants",
    load: async () => (await import("./verify.ts")).verifyCommand(),
  },
  anchor: {
    about: "where the journals should end; and going on without what was lost of them",
    load: async () => (await import("./anchor.ts")).anchorCommand(),
  },
  reconcile: {
    about: "compare the custodian's statement of a day with the journals",
    load: async () => (await import("./reconcile.ts")).reconcileCommand(),
  },
  custodian: {
    about: "run a sandbox of the custodian bank, with fault switches",
    load: async () => (await import("./custodian.ts")).custodianCommand(),
  },
  config: {
    about: "list all settings, their values and what they are for",
    load: async () => (await import("./config-listing.ts")).configCommand(),
  },
};

/** Runs one command. Sets the exit code; throws only what is a bug. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  const program = new Command("loanloom")
    .description("A transaction server for marketplace (peer-to-peer) lending.")
    .version(await version())
    // A command below another one has options of its own, also such as have the same name.
    .enablePositionalOptions()
    .addHelpText("after", EXIT_HELP);
  const asked = argv[0] === "help" ? argv[1] : argv[0];
  for (const [name, { about, load }] of Object.entries(COMMANDS)) {
    program.addCommand(name === asked ? await load() : new Command(name).description(about));
  }
  exitByThrowing(program);
  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : argv, { from: "user" });
  } catch (error) {
    process.exitCode = exitOf(error, argv.includes("--json"));
  }
}

/** Commander itself exits with 1 for usage, where this program says 2. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  command.commands.forEach(exitByThrowing);
}

function exitOf(error: unknown, json: boolean): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const exit = error instanceof CommanderError ? exitOfCommander(error) : exitCodeOf(error);
  if (exit === undefined) throw error;
  const message = messageOf(error as Error);
  // Standard output has answers only: whoever parses it must not take a failure for one.
  if (json)
    process.stderr.write(`${JSON.stringify({ error: { code: codeOf(error), message } })}\n`);
  else if (!(error instanceof CommanderError)) process.stderr.write(`loanloom: ${message}\n`);
  return exit;
}

/** Stable: of ours, of the protocol, of the system, or what the command line got wrong. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" && !(error instanceof CommanderError) ? code : "usage";
}

/** A code alone tells a program what to do; people get its meaning from the table, too. */
function messageOf(error: Error): string {
  const code: unknown = "code" in error ? error.code : null;
  const known = typeof code === "string" && code in ERRORS ? ERRORS[code as ErrorCode] : null;
  return known === null ? error.message : `${error.message}. ${known.meaning}`;
}

async function version(): Promise<string> {
  // From src/cli in a checkout, from dist/src/cli when it was built.
  for (const above of ["../../package.json", "../../../package.json"]) {
    const text = await readFile(new URL(above, import.meta.url), "utf8").catch(() => null);
    if (text !== null) return (JSON.parse(text) as { version: string }).version;
  }
  return "unknown";
}
