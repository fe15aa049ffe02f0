// Lenders on connections of their own, who bid, cancel and repeat requests without a pause to speak
// of, whatever happens to the server. They write down what they sent and what they were told; they
// never ask the server what is true.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { parseRequestId } from "../../actors/address.ts";
import { LoanloomClient, LoanloomError, newRequestId } from "../../src/client/client.ts";
import type { ClientOutcome, ClientRequest } from "../../src/history/client-log.ts";
import { ERRORS, type ErrorCode } from "../../src/protocol/errors.ts";
import type { Random } from "../support/random.ts";

type LoggedBid = { -readonly [Key in keyof ClientRequest]: ClientRequest[Key] };

interface OwnBid {
  readonly logged: LoggedBid;
  readonly requestId: string;
  cancelled: boolean;
}

interface Lender {
  readonly accountId: string;
  readonly client: LoanloomClient;
  readonly bids: OwnBid[];
}

export interface CrowdOptions {
  readonly url: string;
  readonly loanIds: readonly string[];
  readonly random: Random;
  token(accountId: string): Promise<string>;
}

const PAUSE_MS_MAX = 80;
const BID_STEPS_MAX = 5;
const STEP_CENTS = 100_00;
/** More than any account ever has. */
const UNAFFORDABLE_CENTS = 900_000_000_00;
/** An account remembers its last 128 outcomes: a repeat of one of these is never too old. */
const REPEATABLE = 40;

export class ChaosCrowd {
  /** Every bid, in the order of sending. */
  readonly log: LoggedBid[] = [];
  /** What should not have been, for people. */
  readonly failures: string[] = [];
  cancelled = 0;
  cancelsRefused = 0;
  repeated = 0;
  readonly #options: CrowdOptions;
  readonly #lenders: Lender[] = [];
  readonly #running: Promise<void>[] = [];
  #over = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  get accepted(): number {
    return this.log.filter(({ outcome }) => outcome?.type === "BidPlaced").length;
  }

  /** Bids sent and not answered now. */
  get unanswered(): number {
    return this.log.filter(({ outcome }) => outcome === undefined).length;
  }

  /** Until a bid is under way, or so long, in ms. */
  async untilAsking(waitMsMax: number): Promise<void> {
    const untilMs = performance.now() + waitMsMax;
    while (this.unanswered === 0 && performance.now() < untilMs) await nextTurn();
  }

  async connect(accountIds: readonly string[]): Promise<void> {
    const { url, token } = this.#options;
    await Promise.all(
      accountIds.map(async (accountId, at) => {
        const client = new LoanloomClient({
          url,
          token: await token(accountId),
          requestTimeoutMs: 90_000,
          encoding: at % 4 === 0 ? "json" : "msgpack",
          reconnect: { delayMsFirst: 30, delayMsMax: 500 },
        });
        this.#lenders.push({ accountId, client, bids: [] });
        await client.ready;
      }),
    );
  }

  begin(): void {
    for (const lender of this.#lenders) this.#running.push(this.#act(lender));
  }

  /** Sends nothing new. Resolves when all that was sent is answered. */
  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#running);
  }

  close(): void {
    this.#over = true;
    for (const { client } of this.#lenders) client.close();
  }

  async #act(lender: Lender): Promise<void> {
    const { random } = this.#options;
    while (!this.#over) {
      const choice = random(100);
      if (choice < 62) await this.#bid(lender, false);
      else if (choice < 70) await this.#bid(lender, true);
      else if (choice < 92) await this.#cancel(lender);
      else await this.#repeat(lender);
      await sleep(random(PAUSE_MS_MAX));
    }
  }

  /** With `twice`, the same request goes out a second time right behind the first. */
  async #bid(lender: Lender, twice: boolean): Promise<void> {
    const { random, loanIds } = this.#options;
    const unaffordable = random(20) === 0;
    const requestId = newRequestId();
    const logged: LoggedBid = {
      requestId: parseRequestId(requestId)!,
      accountId: lender.accountId,
      loanId: loanIds[random(loanIds.length)]!,
      amountCents: unaffordable ? UNAFFORDABLE_CENTS : (1 + random(BID_STEPS_MAX)) * STEP_CENTS,
      fill: random(2) === 0 ? "exact" : "upTo",
      sentAt: performance.now(),
    };
    this.log.push(logged);
    const first = this.#ask(lender, logged, requestId);
    const second = twice ? this.#ask(lender, logged, requestId) : null;
    const told = await first;
    if (told === null) return;
    logged.outcome = told.outcome;
    logged.position = told.position;
    logged.acknowledgedAt = performance.now();
    lender.bids.push({ logged, requestId, cancelled: false });
    if (second !== null) this.#expectSame(logged, (await second)?.outcome);
  }

  async #repeat(lender: Lender): Promise<void> {
    const bid = this.#pick(lender.bids.slice(-REPEATABLE));
    if (bid === undefined) return;
    const told = await this.#ask(lender, bid.logged, bid.requestId);
    this.#expectSame(bid.logged, told?.outcome);
  }

  #expectSame(logged: LoggedBid, outcome: ClientOutcome | undefined): void {
    this.repeated++;
    if (JSON.stringify(outcome) === JSON.stringify(logged.outcome)) return;
    const [was, is] = [JSON.stringify(logged.outcome), JSON.stringify(outcome)];
    this.failures.push(`${logged.accountId}: a repeat was told ${is}, at first it was ${was}`);
  }

  async #cancel(lender: Lender): Promise<void> {
    const bid = this.#pick(lender.bids.slice(-REPEATABLE));
    const outcome = bid?.logged.outcome;
    if (bid === undefined || outcome?.type !== "BidPlaced") return;
    const wasCancelled = bid.cancelled;
    try {
      const reply = await lender.client.cancelBid({ bidId: outcome.bidId });
      this.cancelled++;
      bid.cancelled = true;
      if (wasCancelled || reply.releasedCents !== outcome.filledCents) {
        this.failures.push(
          `${lender.accountId}: cancelling bid ${outcome.bidId} of ${outcome.filledCents} ` +
            `released ${reply.releasedCents}${wasCancelled ? " a second time" : ""}`,
        );
      }
    } catch (error) {
      this.cancelsRefused++;
      const code = error instanceof LoanloomError ? error.code : String(error);
      // A loan that is full is bound to its bids.
      const expected = wasCancelled ? "bid_already_settled" : "loan_full";
      if (code !== expected && code !== "listing_not_cancellable") {
        this.failures.push(`${lender.accountId}: cancelling was refused as ${String(error)}`);
      }
    }
  }

  async #ask(
    { client, accountId }: Lender,
    { loanId, amountCents, fill }: LoggedBid,
    requestId: string,
  ): Promise<{ outcome: ClientOutcome; position: string | undefined } | null> {
    try {
      const reply = await client.placeBid({ requestId, loanId, amountCents, fill });
      const { bidId, filledCents, rank, remainingCents, position } = reply;
      return { outcome: { type: "BidPlaced", bidId, filledCents, rank, remainingCents }, position };
    } catch (error) {
      if (error instanceof LoanloomError && error.code in ERRORS) {
        const outcome = { type: "Refused", code: error.code as ErrorCode } as const;
        return { outcome, position: undefined };
      }
      this.failures.push(`${accountId}: ${String(error)}`);
      return null;
    }
  }

  #pick(bids: readonly OwnBid[]): OwnBid | undefined {
    return bids[this.#options.random(Math.max(1, bids.length))];
  }
}
