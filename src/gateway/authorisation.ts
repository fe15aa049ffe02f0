// Who may ask what: the table of messages says whose business an operation is, this compares it
// with who speaks. Decided before any actor is asked, so that others' accounts and absent accounts
// answer alike: a client that names an account which is not its own gets `account_not_found`, the
// very answer it would get if its own were not open.

import type { AccountId } from "../../actors/address.ts";
import { assertNever } from "../money/assert.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import {
  OPERATIONS,
  type Attributed,
  type Command,
  type Operation,
  type OperationName,
  type Role,
} from "../protocol/table.ts";
import type { GatewayConfig } from "./config.ts";

export interface Speaker {
  readonly subject: AccountId;
  readonly role: Role;
}

/**
 * Null when the speaker may; else the code to refuse with. `invalid_field` is a request of the
 * staff about "the own account": they have none and must name one.
 */
export function refusalFor(speaker: Speaker | null, command: Command): ErrorCode | null {
  const operation: Operation = OPERATIONS[OPERATION_OF[command.type]];
  if (operation.subject === "anybody") return null;
  if (speaker === null) return "unauthenticated";
  if (!operation.roles.includes(speaker.role)) return "forbidden";
  switch (operation.subject) {
    case "market":
    case "application": // The loan itself knows whose application it is.
    case "review":
    case "operations":
    case "self":
      return null;
    case "upload":
      return "forbidden";
    case "account": {
      const named = "accountId" in command ? command.accountId : null;
      if (speaker.role !== "client") return named === null ? "invalid_field" : null;
      return named === null || named === speaker.subject ? null : "account_not_found";
    }
    default:
      return assertNever(operation.subject);
  }
}

/** Why this server leaves it to nobody alone, in words; null when it does not. */
export function notByHand(
  config: Pick<GatewayConfig, "directListing" | "depositsByHand">,
  { type }: Extract<Command, { type: "ListLoan" | "Deposit" }>,
): string | null {
  if (type === "ListLoan") {
    return config.directListing ? null : "here loans are applied for (loan.publish)";
  }
  return config.depositsByHand ? null : "here the custodian bank tells of deposits";
}

/** Who asks, written into the commands of which an actor must know: once, and only here. */
export function attributed<C extends Command>(command: C, { subject }: Speaker): Attributed<C> {
  const operation: Operation = OPERATIONS[OPERATION_OF[command.type]];
  return (operation.tellsWho === true ? { ...command, by: subject } : command) as Attributed<C>;
}

/** The account that a command means when it names none; the staff have none of their own. */
export function ownAccountOf(speaker: Speaker): AccountId | null {
  return speaker.role === "client" ? speaker.subject : null;
}

/** The operation that a client's command came from; notices come from none. */
export function operationOf(command: { readonly type: string }): OperationName {
  return OPERATION_OF[command.type as Command["type"]];
}

/** The operation by the command that it becomes. */
export const OPERATION_OF = Object.fromEntries(
  (Object.keys(OPERATIONS) as OperationName[]).map((name) => [OPERATIONS[name].command, name]),
) as Readonly<Record<Command["type"], OperationName>>;
