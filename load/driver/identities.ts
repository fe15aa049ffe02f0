// Who the clients say they are. With the server's secret tokens are made for any name; an identity
// provider's tokens are taken from a file, and then there are only so many names.

import { readFileSync } from "node:fs";
import type { Role } from "../../src/protocol/table.ts";
import { subprotocolsOf, Tokens } from "./tokens.ts";

/** What a token file holds, as JSON. */
export type Identity =
  | { readonly secret: string }
  | {
      readonly operator: string;
      /** Token by account: the lenders, in this order. */
      readonly clients: Readonly<Record<string, string>>;
    };

export class Identities {
  readonly #identity: Identity;
  readonly #tokens: Tokens | null;

  constructor(identity: Identity) {
    this.#identity = identity;
    this.#tokens = "secret" in identity ? new Tokens(identity.secret) : null;
  }

  /** The accounts that may be used; null: any. */
  get names(): readonly string[] | null {
    return "secret" in this.#identity ? null : Object.keys(this.#identity.clients);
  }

  subprotocols(subject: string, role: Role): readonly string[] {
    if (this.#tokens !== null) return this.#tokens.subprotocols(subject, role);
    const { operator, clients } = this.#identity as Exclude<Identity, { secret: string }>;
    const token = role === "operator" ? operator : clients[subject];
    if (token === undefined) throw new TokenFileError(`there is no token of ${subject}`);
    return subprotocolsOf(token);
  }
}

/** The file is no token file, or has too few tokens. */
export class TokenFileError extends Error {}

export function readTokenFile(path: string): Identity {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new TokenFileError(`${path}: ${(error as Error).message}`);
  }
  if (typeof parsed === "object" && parsed !== null) {
    const { secret, operator, clients } = parsed as Record<string, unknown>;
    if (typeof secret === "string" && secret.length > 0) return { secret };
    if (typeof operator === "string" && typeof clients === "object" && clients !== null) {
      const tokens = Object.values(clients);
      if (tokens.length > 0 && tokens.every((token) => typeof token === "string")) {
        return { operator, clients: clients as Readonly<Record<string, string>> };
      }
    }
  }
  throw new TokenFileError(
    `${path}: expected {"secret": "..."}, or {"operator": "<jwt>", "clients": {"<account>": "<jwt>"}}`,
  );
}
