// The world of a benchmark: accounts with money, loans that never fill, and the final state that
// is held against what the clients were told.

import { DAY_MS } from "../../src/time/units.ts";
import type { Bid } from "./bid-frames.ts";
import type { Endpoint } from "./raw-socket.ts";
import { RequestPipe } from "./request-pipe.ts";
import type { Tokens } from "./tokens.ts";
import { FrameError } from "./websocket-frames.ts";

export const BID_CENTS = 10_000;
const STEP_CENTS = 100;
/** 10^12 is the most that the protocol allows: a hundred million bids, days of load. */
const PRINCIPAL_CENTS = 1_000_000_000_000;
export const DEPOSIT_CENTS = 100_000_000_000;
const LISTED_FOR_MS = DAY_MS;
const BORROWER = "borrower";
const IN_FLIGHT_MAX = 1_024;

export class Market {
  readonly #pipe: RequestPipe;

  private constructor(pipe: RequestPipe) {
    this.#pipe = pipe;
  }

  static async open(endpoint: Endpoint, tokens: Tokens): Promise<Market> {
    const subprotocols = tokens.subprotocols("bench-operator", "operator");
    return new Market(await RequestPipe.open(endpoint, subprotocols, IN_FLIGHT_MAX));
  }

  close(): void {
    this.#pipe.close();
  }

  async openAccounts(names: readonly string[], depositCents = DEPOSIT_CENTS): Promise<void> {
    const count = names.length;
    await this.#pipe.send({
      operation: "account.open",
      count,
      fields: (index) => ({ accountId: names[index]! }),
    });
    if (depositCents === 0) return;
    await this.#pipe.send({
      operation: "account.deposit",
      count,
      fields: (index) => ({
        accountId: names[index]!,
        amountCents: depositCents,
        reference: `bench-${index}`,
      }),
    });
  }

  async openBorrower(): Promise<void> {
    await this.openAccounts([BORROWER], 0);
  }

  /** `more` replaces and adds to the terms of a loan that takes bids for days. */
  async listLoans(
    names: readonly string[],
    more: (index: number) => object = () => ({}),
  ): Promise<void> {
    const closesAtMs = Date.now() + LISTED_FOR_MS;
    await this.#pipe.send({
      operation: "loan.list",
      count: names.length,
      fields: (index) => ({
        loanId: names[index]!,
        borrowerId: BORROWER,
        principalCents: PRINCIPAL_CENTS,
        stepCents: STEP_CENTS,
        minBidCents: BID_CENTS,
        closesAtMs,
        cancellable: false,
        ...more(index),
      }),
    });
  }

  /** Fields of loans, in the order of their names. */
  async loans(names: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const found: Readonly<Record<string, unknown>>[] = [];
    await this.#pipe.send({
      operation: "loan.get",
      count: names.length,
      fields: (index) => ({ loanId: names[index]! }),
      onReply: (index, reply) => (found[index] = reply),
    });
    return found;
  }

  /** The sum of what the accounts may use. */
  async availableCents(names: readonly string[]): Promise<number> {
    let available = 0;
    await this.#pipe.send({
      operation: "account.get",
      count: names.length,
      fields: (index) => ({ accountId: names[index]! }),
      onReply: (_, reply) => (available += amount(reply["availableCents"])),
    });
    return available;
  }

  /** What each loan says it has raised. */
  async raisedCents(bids: readonly Bid[]): Promise<readonly number[]> {
    const raised = new Array<number>(bids.length).fill(-1);
    await this.#pipe.send({
      operation: "loan.get",
      count: bids.length,
      fields: (index) => ({ loanId: bids[index]!.loanId }),
      onReply: (index, reply) => (raised[index] = amount(reply["raisedCents"])),
    });
    return raised;
  }

  /** The sum of what the accounts hold for their bids. */
  async heldCents(names: readonly string[]): Promise<number> {
    let held = 0;
    await this.#pipe.send({
      operation: "account.get",
      count: names.length,
      fields: (index) => ({ accountId: names[index]! }),
      onReply: (_, reply) => (held += amount(reply["heldCents"])),
    });
    return held;
  }
}

function amount(value: unknown): number {
  if (typeof value !== "number") throw new FrameError("an amount was expected");
  return value;
}
