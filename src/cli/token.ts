// `loanloom token`: makes a token with the secret that `serve` would accept it with. For
// development and operators; in production an identity provider signs them.

import { Command, InvalidArgumentError, Option } from "commander";
import { isId } from "../../actors/address.ts";
import { UsageError } from "../command/exit-codes.ts";
import { loadConfig, type Config } from "../config.ts";
import { loadSecrets } from "../config/secrets.ts";
import { signToken } from "../gateway/signing.ts";
import { ROLES, type Role } from "../protocol/table.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import { duration } from "./values.ts";

interface TokenOptions {
  readonly sub: string;
  readonly role: Role;
  readonly ttl: number;
  readonly json: boolean;
}

export function tokenCommand(): Command {
  return new Command("token")
    .description("make a token, signed with the secret that `serve` uses")
    .requiredOption(
      "--sub <accountId>",
      "whom it speaks for: an account, or the name of one of the staff",
      id,
    )
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).default("client"))
    .option(
      "--ttl <duration>",
      "how long it is valid, such as 15m, 12h or 30d",
      duration,
      3_600_000,
    )
    .option("--json", "print one line of JSON", false)
    .addHelpText(
      "after",
      "\nThe secret is LOANLOOM_JWT_SECRET, or jwt.secret in LOANLOOM_DATA, made when absent." +
        `\nWith LOANLOOM_JWKS_URL tokens come from that issuer, not from here.\n${EXIT_HELP}`,
    )
    .action(async (options: TokenOptions) => {
      const config = loadConfig(process.env);
      const expiresAtMs = Date.now() + options.ttl;
      const token = await tokenFor(config, options.sub, options.role, options.ttl);
      const { sub, role } = options;
      const shown = options.json ? JSON.stringify({ token, sub, role, expiresAtMs }) : token;
      process.stdout.write(`${shown}\n`);
    });
}

/** Throws a UsageError where tokens are not signed with a shared secret. */
export async function tokenFor(
  config: Config,
  subject: string,
  role: Role,
  ttlMs: number,
): Promise<string> {
  if (ttlMs > config.auth.tokenLifetimeMsMax) {
    throw new UsageError(
      `the server refuses tokens that live longer than ${config.auth.tokenLifetimeMsMax} ms ` +
        "(LOANLOOM_TOKEN_LIFETIME_MS_MAX)",
    );
  }
  const { jwtSecret } = await loadSecrets(config);
  if (jwtSecret === null) {
    throw new UsageError(
      "LOANLOOM_JWKS_URL is set: get a token from that issuer, give it by --token",
    );
  }
  const { issuer, audience } = config.auth;
  const expiresAtMs = Date.now() + ttlMs;
  const secret = new TextEncoder().encode(jwtSecret);
  return signToken(secret, { subject, role, expiresAtMs, issuer, audience });
}

export function id(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError(
    "expected 1 to 40 letters, digits, dots, underscores or hyphens, beginning with a letter or digit",
  );
}
