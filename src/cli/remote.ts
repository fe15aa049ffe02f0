// How commands reach a server: where it is, who asks, and what is shown of the answer.

import { Option, type Command } from "commander";
import {
  connect,
  type AccountUpdate,
  type LoanloomClient,
  type LoanUpdate,
} from "../client/client.ts";
import { UsageError } from "../command/exit-codes.ts";
import { CLIENT_VARIABLES, loadConfig, type Config } from "../config.ts";
import { ROLES, type Role } from "../protocol/table.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import { tokenFor } from "./token.ts";
import { rowsText } from "./table-text.ts";
import { duration, fieldsText, id, isRows } from "./values.ts";

export interface RemoteOptions {
  readonly url?: string;
  readonly token?: string;
  readonly as?: string;
  readonly role?: Role;
  readonly timeout: number;
  readonly json: boolean;
}

const TOKEN_TTL_MS = 3_600_000;
const DEFAULT_TIMEOUT_MS = 10_000;

export function withRemoteOptions(command: Command): Command {
  return command
    .option("--url <url>", `the server (default: ${CLIENT_VARIABLES.url}, else HOST and PORT)`)
    .option("--token <jwt>", `who asks (default: ${CLIENT_VARIABLES.token}, else signed here)`)
    .option("--as <accountId>", "sign a token for this account, or for this name of the staff", id)
    .addOption(
      new Option(
        "--role <role>",
        "with --as: client, operator ... (default: the first that may ask this)",
      ).choices(ROLES),
    )
    .addOption(
      new Option("--timeout <duration>", "how long to wait: 500ms, 5s; a bare number is seconds")
        .argParser(duration)
        .default(DEFAULT_TIMEOUT_MS, "10s"),
    )
    .option("--json", "print one line of JSON for each answer", false)
    .addHelpText("after", EXIT_HELP);
}

/** Connects, does the work, closes. Whatever fails is a LoanloomError or a UsageError. */
export async function withServer(
  options: RemoteOptions,
  roles: readonly Role[],
  work: (client: LoanloomClient) => Promise<void>,
): Promise<void> {
  const config = loadConfig(process.env);
  const url = options.url ?? process.env[CLIENT_VARIABLES.url] ?? urlOf(config);
  const token = await tokenOf(options, roles, config);
  const limits = { requestTimeoutMs: options.timeout, firstConnectTimeoutMs: options.timeout };
  const client = await connect({ url, token, ...limits });
  try {
    await work(client);
  } finally {
    client.close();
  }
}

/** The server that `serve` with the same environment would be. */
export function urlOf(config: Config, port = config.gateway.port): string {
  const { host } = config.gateway;
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `ws://${name}:${port}/v1/ws`;
}

async function tokenOf(
  options: RemoteOptions,
  roles: readonly Role[],
  config: Config,
): Promise<string> {
  if (options.token !== undefined && options.as !== undefined) {
    throw new UsageError("--token and --as: give one of them");
  }
  if (options.role !== undefined && options.as === undefined) {
    throw new UsageError("--role goes with --as <name>");
  }
  const given = options.token ?? process.env[CLIENT_VARIABLES.token];
  if (options.as === undefined && given !== undefined && given !== "") return given;
  // An operator may do what it may; what is a client's own, or one of two reviewers', needs a name.
  if (options.as === undefined && roles.includes("operator")) {
    return (await tokenFor(config, "operator", "operator", TOKEN_TTL_MS)).token;
  }
  const role = options.role ?? ROLES.find((each) => roles.includes(each))!;
  if (options.as === undefined) {
    throw new UsageError(
      role === "reviewer"
        ? "who reviews? give --as <name>, or a reviewer's --token"
        : "whose account? give --as <accountId>, or a client's --token",
    );
  }
  return (await tokenFor(config, options.as, role, TOKEN_TTL_MS)).token;
}

export function show(fields: Readonly<Record<string, unknown>>, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(fields)}\n` : `${answerText(fields)}\n`);
}

/** What a watch tells; its end is told by `untilInterrupted`. */

/** Fields, and below them a table for each that is a list of rows. */
function answerText(fields: Readonly<Record<string, unknown>>): string {
  const tables = Object.entries(fields).flatMap(([name, value]) =>
    isRows(value) ? [`\n${name}\n${rowsText(value)}`] : [],
  );
  return [fieldsText(fields), ...tables].join("\n");
}

export function showUpdate(update: AccountUpdate | LoanUpdate, json: boolean): void {
  switch (update.kind) {
    case "loan":
      return show({ kind: update.kind, ...update.loan }, json);
    case "snapshot": {
      const { kind, account, resumed, missedAfter } = update;
      return show({ kind, ...account, resumed, missedAfter }, json);
    }
    case "entry": {
      const { kind, ...entry } = update.entry;
      return show({ kind: update.kind, moved: kind, ...entry }, json);
    }
    case "receipt": {
      const { kind, entry, receipt, fault } = update;
      const { loanId, clearing, ownCents, root } = receipt;
      const checked = fault ?? "holds";
      return show({ kind, entry: entry.entry, loanId, clearing, ownCents, root, checked }, json);
    }
    case "ended":
      return;
  }
}

/** Until Ctrl-C, or until the watch ends by itself, which is an error. */
export function untilInterrupted(client: LoanloomClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const interrupted = (): void => resolve();
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    client.on("closed", ({ error }) => (error === null ? resolve() : reject(error)));
  });
}
