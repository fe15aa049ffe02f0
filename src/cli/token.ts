// `loanloom token`: makes a token with the secret that `serve` would accept it
// with, for development and operators; in production an identity provider signs
// them. Below it, taking tokens back.

import { randomUUID } from "node:crypto";
import { Command, Option } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import { loadClientConfig, type Config } from "../config.ts";
import { readJwtSecret } from "../config/secrets.ts";
import { signToken } from "../gateway/signing.ts";
import { ROLES, type Role } from "../protocol/table.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import { revokeCommand, revokedCommand } from "./revocations.ts";
import { duration, id } from "./values.ts";

interface TokenOptions {
  readonly sub?: string;
  readonly role: Role;
  readonly ttl: number;
  readonly json: boolean;
}

export function tokenCommand(): Command {
  const command: Command = new Command("token")
    .description("make a token, signed with the secret that `serve` uses; or revoke tokens")
    // Not a required one for commander: it would ask for it before `token revoke`, too.
    .option(
      "--sub <accountId>",
      "whom it speaks for: an account, or the name of one of the staff (required)",
      id,
    )
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).default("client"))
    .addOption(
      new Option("--ttl <duration>", "how long it is valid, such as 15m, 12h or 30d")
        .argParser(duration)
        .default(3_600_000, "1h"),
    )
    .option("--json", "print one line of JSON, with the id of the token", false)
    .addHelpText(
      "after",
      "\nThe secret is LOANLOOM_JWT_SECRET, or jwt.secret in LOANLOOM_DATA, which `serve` makes." +
        `\nWith LOANLOOM_JWKS_URL tokens come from that issuer, not from here.\n${EXIT_HELP}`,
    )
    .enablePositionalOptions()
    .action(async ({ sub, role, ttl, json }: TokenOptions) => {
      if (sub === undefined) {
        command.error("error: required option '--sub <accountId>' not specified");
      }
      const config = loadClientConfig(process.env);
      const { token, tokenId, expiresAtMs } = await tokenFor(config, sub, role, ttl);
      const shown = json ? JSON.stringify({ token, tokenId, sub, role, expiresAtMs }) : token;
      process.stdout.write(`${shown}\n`);
    });
  return command.addCommand(revokeCommand()).addCommand(revokedCommand());
}

export interface SignedToken {
  readonly token: string;
  /** Its `jti`, by which it can be revoked. */
  readonly tokenId: string;
  readonly expiresAtMs: number;
}

/** Throws a UsageError where tokens are not signed with a shared secret. */
export async function tokenFor(
  config: Config,
  subject: string,
  role: Role,
  ttlMs: number,
): Promise<SignedToken> {
  if (ttlMs > config.auth.tokenLifetimeMsMax) {
    throw new UsageError(
      `the server refuses tokens that live longer than ${config.auth.tokenLifetimeMsMax} ms ` +
        "(LOANLOOM_TOKEN_LIFETIME_MS_MAX)",
    );
  }
  const jwtSecret = await readJwtSecret(config);
  if (jwtSecret === null) {
    throw new UsageError(
      "LOANLOOM_JWKS_URL is set: get a token from that issuer, give it by --token",
    );
  }
  const { issuer, audience } = config.auth;
  const expiresAtMs = Date.now() + ttlMs;
  const secret = new TextEncoder().encode(jwtSecret);
  const tokenId = randomUUID();
  const claims = { subject, role, expiresAtMs, issuer, audience, tokenId };
  return { token: await signToken(secret, claims), tokenId, expiresAtMs };
}
