// How commands reach a server: where it is, who asks, and what is shown of the answer.

import { Option, type Command } from "commander";
import {
  connect,
  LoanloomError,
  type AccountUpdate,
  type LoanloomClient,
  type LoanUpdate,
} from "../client/client.ts";
import { UsageError } from "../command/exit-codes.ts";
import { CLIENT_VARIABLES, loadClientConfig, type Config } from "../config.ts";
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
  const config = loadClientConfig(process.env);
  const url = options.url ?? process.env[CLIENT_VARIABLES.url] ?? urlOf(config);
  const token = await tokenOf(options, roles, config);
  const limits = { requestTimeoutMs: options.timeout, firstConnectTimeoutMs: options.timeout };
  const client = await connect({ url, token, ...limits }).catch(async (error: unknown) => {
    throw await withReason(error, url);
  });
  try {
    await work(client);
  } finally {
    client.close();
  }
}

const REASON_MS_MAX = 2_000;

/**
 * A handshake that is refused by its status says no more than that; the server tells why elsewhere.
 */
async function withReason(error: unknown, url: string): Promise<unknown> {
  const isRefused = error instanceof LoanloomError && error.code === "unreachable";
  const status = isRefused ? /server response: (\d{3})/.exec(error.message)?.[1] : undefined;
  if (status === undefined) return error;
  const reason =
    status === "503" ? await readinessOf(url) : `${url} is no door: is it the path /v1/ws?`;
  if (reason === null) return error;
  return new LoanloomError("unreachable", `${(error as LoanloomError).detail} (${reason})`);
}

/** As `/readyz` says it; null when it does not. */
async function readinessOf(url: string): Promise<string | null> {
  const readyz = new URL("/readyz", url.replace(/^ws/, "http"));
  try {
    const answer = await fetch(readyz, { signal: AbortSignal.timeout(REASON_MS_MAX) });
    const { reason } = (await answer.json()) as { readonly reason?: unknown };
    return typeof reason === "string" ? reason : null;
  } catch {
    return null;
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
  if (options.as === undefined) {
    const given = options.token ?? process.env[CLIENT_VARIABLES.token];
    if (given !== undefined) return tokenGiven(given, options);
  }
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

/** Empty is what a script has whose token was not to be had: it must not become somebody else. */
function tokenGiven(given: string, { token }: RemoteOptions): string {
  if (given.trim() !== "") return given;
  const where = token === undefined ? CLIENT_VARIABLES.token : "--token";
  throw new UsageError(`${where} is empty: give a token, or leave it out`);
}

export function show(fields: Readonly<Record<string, unknown>>, json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(fields)}\n` : `${answerText(fields)}\n`);
}

/** Fields, and below them a table for each that is a list of rows. */
function answerText(fields: Readonly<Record<string, unknown>>): string {
  const tables = Object.entries(fields).flatMap(([name, value]) =>
    isRows(value) ? [`\n${name}\n${rowsText(value)}`] : [],
  );
  return [fieldsText(fields), ...tables].join("\n");
}

/** What a watch tells; its end is told by `untilInterrupted`. */
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

/**
 * Until Ctrl-C, or until the watch ends by itself, which is an error. What is missed while the
 * connection is lost comes later, and standard error says so.
 */
export function untilInterrupted(client: LoanloomClient): Promise<void> {
  const say = (what: string): void => void process.stderr.write(`loanloom: ${what}\n`);
  client.on("disconnected", ({ code, reason }) => {
    say(`the connection is lost (${reason === "" ? code : reason}); it is tried again`);
  });
  client.on("reconnected", ({ downMs }) => say(`connected again after ${Math.round(downMs)} ms`));
  return new Promise((resolve, reject) => {
    const interrupted = (): void => resolve();
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    client.on("closed", ({ error }) => (error === null ? resolve() : reject(error)));
  });
}
