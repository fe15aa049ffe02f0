// `loanloom token revoke` and `token revoked`: takes tokens back, and lists what was taken back. It
// writes into the file that servers follow, and asks none of them.

import { userInfo } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { loadConfig, type Config } from "../config.ts";
import { revocationsFileOf } from "../config/folders.ts";
import { appendRevocation } from "../revocations/append.ts";
import { listRevocations, type RevocationListing } from "../revocations/listing.ts";
import {
  BY_LENGTH_MAX,
  isPlainText,
  plainText,
  REASON_LENGTH_MAX,
  TOKEN_ID_LENGTH_MAX,
  type Revocation,
} from "../revocations/revocation.ts";
import { keptMsOf } from "../revocations/revocations.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { tableText } from "./table-text.ts";
import { fieldsText, id } from "./values.ts";

interface PlaceOptions {
  readonly file?: string;
  readonly json: boolean;
}

interface RevokeOptions extends PlaceOptions {
  readonly id?: string;
  readonly subject?: string;
  readonly reason?: string;
  readonly by?: string;
}

const PLACE_HELP =
  "\nThe file is LOANLOOM_REVOCATIONS_FILE, or revocations.jsonl in LOANLOOM_DATA: be where the server" +
  "\nis, with its settings. Servers look at it every LOANLOOM_REVOCATIONS_MS.";

export function revokeCommand(): Command {
  return withPlace(new Command("revoke"))
    .description("revoke a token by its id, or all of a subject's that were issued up to now")
    .option("--id <jti>", "the token: its `jti`, not the token itself", tokenId)
    .option("--subject <sub>", "the account, or the name of one of the staff", id)
    .option("--reason <text>", "why, for whoever looks at the file", plain(REASON_LENGTH_MAX))
    .option("--by <name>", "who revokes (default: the user of this system)", plain(BY_LENGTH_MAX))
    .addHelpText("after", `${PLACE_HELP}\n${EXIT_HELP}`)
    .action(revoke);
}

export function revokedCommand(): Command {
  return withPlace(new Command("revoked"))
    .description("list what is revoked, as far as a token can still be as old")
    .addHelpText(
      "after",
      `${PLACE_HELP}\nExit codes: 0 done, 1 there are lines that nobody understands, 2 usage.`,
    )
    .action(listing);
}

function withPlace(command: Command): Command {
  return command
    .option("--file <path>", "the file of revocations, if it is another one")
    .option("--json", "print one line of JSON", false);
}

async function revoke(options: RevokeOptions): Promise<void> {
  const { file, reason = null, by = userName(), json } = options;
  const config = loadConfig(process.env);
  const path = file ?? revocationsFileOf(config);
  const revocation: Revocation = { ...whose(options), atMs: Date.now(), by, reason };
  const before = await listed(config, path);
  if (!hasRoom(before, revocation, config.auth.revocationsMax)) {
    process.stderr.write(
      `loanloom: ${path} has as many revocations in force as a server knows one by one ` +
        "(LOANLOOM_REVOCATIONS_MAX), and nothing was revoked: one more, and everybody's tokens would " +
        "be refused. Raise the limit and start the servers again, or change the key of tokens\n",
    );
    process.exitCode = EXIT.refused;
    return;
  }
  await appendRevocation(path, revocation);
  warnOf(path, before);
  const { kind: _, ...fields } = revocation;
  process.stdout.write(
    json
      ? `${JSON.stringify({ file: path, ...fields })}\n`
      : `${fieldsText({ file: path, ...fields })}\n`,
  );
}

async function listing({ file, json }: PlaceOptions): Promise<void> {
  const config = loadConfig(process.env);
  const path = file ?? revocationsFileOf(config);
  const found = await listed(config, path);
  const rows = found.inForce.map((each) => ({
    tokenId: each.kind === "token" ? each.tokenId : null,
    subject: each.kind === "subject" ? each.subject : null,
    atMs: each.atMs,
    by: each.by,
    reason: each.reason,
  }));
  if (json) process.stdout.write(`${JSON.stringify({ file: path, revoked: rows })}\n`);
  else {
    const cells = rows.map(({ tokenId: token, subject, atMs, by, reason }) => [
      token === null ? `subject ${subject}` : `token ${token}`,
      new Date(atMs).toISOString(),
      by,
      reason ?? "-",
    ]);
    const table = [["revoked", "at", "by", "reason"], ...cells];
    const shown = rows.length === 0 ? "Nothing is revoked." : tableText(table, LEFT);
    process.stdout.write(`${shown}\n`);
  }
  if (!found.isThere) process.stderr.write(`loanloom: there is no ${path}\n`);
  warnOf(path, found);
  if (found.linesUnread > 0) process.exitCode = EXIT.refused;
}

const LEFT = [false, false, false, false];

function listed({ auth }: Config, path: string): Promise<RevocationListing> {
  return listRevocations(path, keptMsOf(auth), Date.now());
}

/**
 * What is wrong with the file besides: somebody has to mend it, but nobody has to wait for that.
 */
function warnOf(path: string, { complaints, linesUnread, isUnfinished }: RevocationListing): void {
  for (const complaint of complaints) process.stderr.write(`loanloom: ${path}, ${complaint}\n`);
  if (linesUnread > 0) {
    process.stderr.write(
      `loanloom: ${linesUnread} lines are not in force, and no server starts with them\n`,
    );
  }
  if (isUnfinished) {
    process.stderr.write(`loanloom: ${path}: its last line had no newline yet\n`);
  }
}

function whose({ id: token, subject }: RevokeOptions) {
  if (token !== undefined && subject === undefined) {
    return { kind: "token", tokenId: token } as const;
  }
  if (subject !== undefined && token === undefined) return { kind: "subject", subject } as const;
  throw new UsageError("what is revoked? Give either --id <jti> or --subject <sub>");
}

/** One that is in force already takes no more room. */
function hasRoom({ inForce }: RevocationListing, revocation: Revocation, max: number): boolean {
  if (inForce.length < max) return true;
  return inForce.some((each) =>
    each.kind === "token"
      ? revocation.kind === "token" && each.tokenId === revocation.tokenId
      : revocation.kind === "subject" && each.subject === revocation.subject,
  );
}

/** A container may run as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`;
  }
}

function tokenId(text: string): string {
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text)) {
    throw new InvalidArgumentError("that is a token; its id is the `jti` among its claims");
  }
  return plain(TOKEN_ID_LENGTH_MAX)(text);
}

function plain(lengthMax: number): (text: string) => string {
  return (text) => {
    if (isPlainText(text, lengthMax)) return text;
    throw new InvalidArgumentError(plainText(lengthMax));
  };
}
