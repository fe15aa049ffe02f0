// A thousand lenders, each with a connection of its own and a log of its own. They keep as many
// bids in flight as want three eighths of the loan, and send the next one as soon as an answer
// comes: nothing paces them. What they write down, when they send and when they are told, is what
// the journal is compared with later.

import { parseRequestId } from "../../../actors/address.ts";
import { LoanloomClient, LoanloomError, newRequestId } from "../../client/client.ts";
import type { ClientOutcome, ClientRequest } from "../../history/client-log.ts";
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { BidPlan, PlannedBid, PlannedBidder } from "./bid-plan.ts";

/**
 * One bid in so many is in flight at a time. All bids want three times the loan, so these want
 * three eighths: when half is known to be raised, the loan cannot be full yet.
 */
const IN_FLIGHT_ONE_IN = 8;
const IN_FLIGHT_MIN = 2;
/** Bids sent in one turn of the event loop, so that answers are read in between. */
const SENT_PER_TURN = 100;
const CONNECTS_AT_ONCE = 200;
const CONNECTED_POLL_MS = 10;

/** One bid as its client knows it. */
export type LoggedBid = { -readonly [Key in keyof ClientRequest]: ClientRequest[Key] };

export interface CrowdOptions {
  readonly url: string;
  readonly plan: BidPlan;
  readonly loanId: string;
  readonly principalCents: number;
  token(accountId: string): Promise<string>;
  /** Called at each answer that moved the loan. */
  onRaised(raisedCents: number): void;
}

interface Bidder {
  readonly planned: PlannedBidder;
  readonly client: LoanloomClient;
}

export class Crowd {
  /** In the order of sending. */
  readonly log: LoggedBid[] = [];
  /** What was told to be an error of the client itself, such as no answer in time. */
  readonly failures: string[] = [];
  raisedCents = 0;
  accepted = 0;
  readonly refused = new Map<string, number>();
  readonly #options: CrowdOptions;
  readonly #bidders: Bidder[] = [];
  /** Everybody's first bid, then everybody's second, and so on. */
  #turns: Iterator<readonly [Bidder, PlannedBid]> = [].values();
  #unsettled = 0;
  #closed = false;
  #done: () => void = () => undefined;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  get connections(): number {
    let up = 0;
    for (const { client } of this.#bidders) if (client.connected) up++;
    return up;
  }

  /** Resolves when every client is back, or the crowd was sent home. */
  async allConnected(): Promise<void> {
    while (!this.#closed && this.connections < this.#bidders.length) {
      await new Promise((resolve) => setTimeout(resolve, CONNECTED_POLL_MS));
    }
  }

  get inFlight(): number {
    return this.#unsettled;
  }

  /** The connected clients, by account; the borrower is one of them. */
  get clients(): ReadonlyMap<string, LoanloomClient> {
    return new Map(this.#bidders.map(({ planned, client }) => [planned.accountId, client]));
  }

  /** Accounts that hold a part of the loan, as they were told. */
  get holders(): ReadonlySet<string> {
    const placed = this.log.filter(({ outcome }) => outcome?.type === "BidPlaced");
    return new Set(placed.map(({ accountId }) => accountId));
  }

  /** Bids sent and not answered now. */
  unanswered(): LoggedBid[] {
    return this.log.filter((bid) => bid.acknowledgedAt === undefined);
  }

  async connect(): Promise<void> {
    const { url, plan, token } = this.#options;
    for (let from = 0; from < plan.bidders.length; from += CONNECTS_AT_ONCE) {
      const group = plan.bidders.slice(from, from + CONNECTS_AT_ONCE);
      await Promise.all(
        group.map(async (planned) => {
          const ownToken = await token(planned.accountId);
          if (this.#closed) throw new Error("the crowd was sent home");
          const client = new LoanloomClient({
            url,
            token: ownToken,
            requestTimeoutMs: 45_000,
          });
          this.#bidders.push({ planned, client });
          await client.ready;
        }),
      );
    }
  }

  /** Everybody bids at once. Resolves when every bid of the plan has its answer. */
  async bid(): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#turns = turnsOf(this.#bidders);
    const window = Math.floor(this.#options.plan.bids / IN_FLIGHT_ONE_IN);
    for (let sent = 1; sent <= Math.max(IN_FLIGHT_MIN, window); sent++) {
      this.#sendNext();
      if (sent % SENT_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#unsettled === 0) this.#done();
    await done;
  }

  close(): void {
    this.#closed = true;
    for (const { client } of this.#bidders) client.close();
  }

  #sendNext(): void {
    const turn = this.#turns.next();
    if (turn.done === true) return;
    const [{ planned, client }, bid] = turn.value;
    const { loanId } = this.#options;
    const text = newRequestId();
    const logged: LoggedBid = {
      requestId: parseRequestId(text)!,
      accountId: planned.accountId,
      loanId,
      amountCents: bid.amountCents,
      fill: bid.fill,
      sentAt: performance.now(),
    };
    this.log.push(logged);
    this.#unsettled++;
    const { amountCents, fill } = bid;
    void client.placeBid({ requestId: text, loanId, amountCents, fill }).then(
      ({ bidId, filledCents, rank, remainingCents, position }) => {
        logged.position = position;
        const outcome = { type: "BidPlaced", bidId, filledCents, rank, remainingCents } as const;
        this.#answered(logged, outcome);
      },
      (error: unknown) => this.#refused(logged, error),
    );
  }

  #refused(logged: LoggedBid, error: unknown): void {
    if (error instanceof LoanloomError && error.code in ERRORS) {
      this.#answered(logged, { type: "Refused", code: error.code as ErrorCode });
      return;
    }
    this.failures.push(error instanceof Error ? error.message : String(error));
    this.#settled();
  }

  #answered(logged: LoggedBid, outcome: ClientOutcome): void {
    logged.outcome = outcome;
    logged.acknowledgedAt = performance.now();
    if (outcome.type === "BidPlaced") {
      this.accepted++;
      const raisedCents = this.#options.principalCents - outcome.remainingCents;
      // Answers come in any order: the loan only grows, since nobody cancels here.
      if (raisedCents > this.raisedCents) this.raisedCents = raisedCents;
      this.#options.onRaised(this.raisedCents);
    } else {
      this.refused.set(outcome.code, (this.refused.get(outcome.code) ?? 0) + 1);
    }
    this.#settled();
  }

  #settled(): void {
    this.#unsettled--;
    this.#sendNext();
    if (this.#unsettled === 0 && this.log.length === this.#options.plan.bids) this.#done();
  }
}

function* turnsOf(bidders: readonly Bidder[]): Generator<readonly [Bidder, PlannedBid]> {
  const most = Math.max(...bidders.map(({ planned }) => planned.bids.length));
  for (let turn = 0; turn < most; turn++) {
    for (const bidder of bidders) {
      const bid = bidder.planned.bids[turn];
      if (bid !== undefined) yield [bidder, bid];
    }
  }
}
