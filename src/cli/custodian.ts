// `loanloom custodian`: runs the sandbox bank until it is asked to stop. For development, demos and
// tests: who reaches its port can bring in money, so it listens on the loopback by default.

import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { within } from "../command/number-options.ts";
import { systemEnvironment } from "../custodian/environment.ts";
import { KeyFileError, loadKeys } from "../custodian/key-file.ts";
import { FAULT_HELP } from "../custodian/sandbox/faults.ts";
import { SandboxError } from "../custodian/sandbox/sandbox-error.ts";
import { startSandbox, type RunningSandbox } from "../custodian/sandbox/sandbox.ts";
import {
  formatUtcOffset,
  parseUtcOffset,
  UTC_OFFSET_MINUTES_DEFAULT,
} from "../custodian/statement-date.ts";
import { HOUR_MS } from "../time/units.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";

interface CustodianOptions {
  readonly host: string;
  readonly port: number;
  readonly file: string;
  readonly secretFile: string;
  readonly callbackUrl?: string;
  readonly bookingDelayMs: number;
  readonly utcOffset: number;
  readonly json: boolean;
}

const PORT_MAX = 65_535;
const BOOKING_DELAY_MS_MAX = HOUR_MS;

export function custodianCommand(): Command {
  const offset = UTC_OFFSET_MINUTES_DEFAULT;
  return new Command("custodian")
    .description("run a sandbox of the custodian bank, with fault switches, until SIGTERM")
    .option(
      "--host <address>",
      "address to listen on; others than this machine's: beware",
      "127.0.0.1",
    )
    .option("--port <port>", "port to listen on; 0 takes any free one", within(0, PORT_MAX), 8090)
    .option("--file <path>", "where the bank remembers, made when absent", "data/custodian.jsonl")
    .option(
      "--secret-file <path>",
      "keys shared with the server: a line of 64 hexadecimal digits each, made when absent",
      "data/custodian.key",
    )
    .option("--callback-url <url>", "where notices are posted; without it they are kept", httpUrl)
    .option(
      "--booking-delay-ms <ms>",
      "from accepting a payout to booking it",
      within(0, BOOKING_DELAY_MS_MAX),
      200,
    )
    .addOption(
      new Option("--utc-offset <offset>", "where the business day begins")
        .argParser(utcOffset)
        .default(offset, formatUtcOffset(offset)),
    )
    .option("--json", "print where it listens as one line of JSON", false)
    .addHelpText("after", () => `${faultText()}\n${EXIT_HELP}`)
    .action(custodian);
}

async function custodian(options: CustodianOptions): Promise<void> {
  const stopping = firstSignal();
  const sandbox = await start(options);
  const { url, port } = sandbox;
  const shown = options.json
    ? JSON.stringify({ url, port, file: options.file, secretFile: options.secretFile })
    : `custodian sandbox at ${url}, memory in ${options.file}, keys in ${options.secretFile}`;
  process.stdout.write(`${shown}\n`);
  await stopping;
  await sandbox.stop();
  process.exit(EXIT.ok);
}

async function start(options: CustodianOptions): Promise<RunningSandbox> {
  try {
    return await startSandbox({
      host: options.host,
      port: options.port,
      file: options.file,
      keys: await loadKeys(options.secretFile),
      callbackUrl: options.callbackUrl ?? null,
      bookingDelayMs: options.bookingDelayMs,
      utcOffsetMinutes: options.utcOffset,
      environment: systemEnvironment,
      failed: (error) => {
        process.stderr.write(`loanloom: cannot write ${options.file}: ${error.message}\n`);
        process.exit(EXIT.refused);
      },
    });
  } catch (error) {
    const isUsage = error instanceof SandboxError || error instanceof KeyFileError;
    throw isUsage ? new UsageError(error.message) : error;
  }
}

/** The second one does not wait: what was acknowledged is on disk anyway. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (++signals > 1) process.exit(EXIT.refused);
        resolve();
      });
    }
  });
}

function httpUrl(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : "";
  if (protocol === "http:" || protocol === "https:") return text;
  throw new InvalidArgumentError("expected a URL that starts with http:// or https://");
}

function utcOffset(text: string): number {
  const minutes = parseUtcOffset(text);
  if (minutes !== undefined) return minutes;
  throw new InvalidArgumentError("expected an offset such as +08:00, from -12:00 to +14:00");
}

function faultText(): string {
  const width = Math.max(...Object.keys(FAULT_HELP).map((name) => name.length));
  const rows = Object.entries(FAULT_HELP).map(
    ([name, about]) => `  ${name.padEnd(width)}  ${about}`,
  );
  return [
    "",
    "Bring in money (the same reference again changes nothing):",
    "  curl -X POST -H 'content-type: application/json' <url>/sandbox/deposits \\",
    `    -d '{"accountId":"alice","amountCents":100000,"reference":"transfer-1"}'`,
    "",
    "Fault switches: PUT <url>/sandbox/faults sets all of them, those left out being off; GET shows",
    "them and how often each struck. They strike payouts, statements and notices, not these paths.",
    "  curl -X PUT -H 'content-type: application/json' <url>/sandbox/faults \\",
    `    -d '{"seed":7,"failRate":0.3,"timeoutRate":0.1,"shuffleMs":500}'`,
    "",
    ...rows,
    "",
    "Switches are off after a restart. The bank is not: kill -9 loses nothing that it acknowledged.",
  ].join("\n");
}
