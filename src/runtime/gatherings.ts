// Answers that no actor has alone. Each part is looked at in its own actor and told when it is
// durable (looks.ts); the answer is one, and leaves when the last part is there. None of it is on
// the way of a bid or a repayment: what is reckoned is reckoned in slices between turns.

import { positionsView, type PositionsView } from "../../actors/account/positions-view.ts";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { isOnMarket, type LoanState } from "../../actors/loan/loan.ts";
import { businessDate, secondsOfDate } from "../lending/business-date.ts";
import { assert, assertNever } from "../money/assert.ts";
import type { ErrorCode } from "../protocol/errors.ts";
import { queueView } from "./application-queue.ts";
import { booksOf, booksView } from "./books.ts";
import { accountOf, loanOf, type Cell } from "./cell.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock, Scheduler } from "./environment.ts";
import { LegCache } from "./leg-cache.ts";
import { legSourceOf, type LegSource } from "./loan-legs.ts";
import type { Looks, Seen } from "./looks.ts";
import type { ActorCommand, Answer, Notice, Outlet, Request } from "./port.ts";
import { pathOf, receiptOf, type Asked, type PathView, type ReceiptView } from "./receipts.ts";
import { RETURNS_LOANS_MAX, loanSight, returnsOf, type LoanSight } from "./returns.ts";
import type { RunLog } from "./run-options.ts";
import { Slices } from "./slices.ts";

export type GatheredCommand = Extract<
  ActorCommand,
  { type: "GetApplicationQueue" | "GetBooks" | "GetClearing" | "GetClearingPath" | "GetReturns" }
>;
type Named<Type extends GatheredCommand["type"]> = Extract<GatheredCommand, { type: Type }>;

/** Answers that are gathered at once. Each holds copies of what it has seen so far. */
export const GATHERINGS_MAX = 64;
/** Legs and trees of clearings that were asked for, over all loans. */
const LEGS_KEPT_BYTES_MAX = 64 * 1024 * 1024;

export interface GatherHost {
  readonly looks: Looks;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
  readonly retryAfterMs: number;
  /** 0 while not all shards serve: it is not known then. */
  readonly businessDay: () => number;
  /** How far the midnight of business dates is ahead of UTC's. */
  readonly dayOffsetMinutes: number;
}

interface Gathered {
  /** Of the journal that what is answered mostly rests on; empty when it is several. */
  readonly position: string;
  readonly answer: Answer;
}

/** By type, so that none can be forgotten. */
const BY_TYPE: Readonly<Record<GatheredCommand["type"], true>> = {
  GetApplicationQueue: true,
  GetBooks: true,
  GetClearing: true,
  GetClearingPath: true,
  GetReturns: true,
};
const GATHERED: ReadonlySet<string> = new Set(Object.keys(BY_TYPE));

export function isGathered(command: ActorCommand | Notice): command is GatheredCommand {
  return GATHERED.has(command.type);
}

export class Gatherings {
  readonly #host: GatherHost;
  readonly #slices: Slices;
  readonly #legs = new LegCache(LEGS_KEPT_BYTES_MAX);
  #inFlight = 0;

  constructor(host: GatherHost) {
    this.#host = host;
    this.#slices = new Slices(host.clock, host.scheduler);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * A shard's life is over: what was remembered of its loans is perhaps not true in the next one.
   */
  forget(): void {
    this.#legs.clear();
  }

  /** False when too many are under way. */
  take(request: Request, command: GatheredCommand): boolean {
    if (this.#inFlight >= GATHERINGS_MAX) return false;
    this.#inFlight++;
    this.#gather(request, command).then(
      ({ position, answer }) => this.#answer(request, position, answer),
      (error: unknown) => {
        this.#host.log.error({ command: command.type, error }, "an answer could not be gathered");
        this.#answer(request, "", { type: "Failed", code: "internal_error", retryAfterMs: null });
      },
    );
    return true;
  }

  #answer(request: Request, position: string, answer: Answer): void {
    this.#inFlight--;
    const { clock, counters, outlet } = this.#host;
    const nowMs = clock.monotonicMs();
    counters.onReply((nowMs - (request.takenInMs ?? nowMs)) / 1_000);
    outlet.release(position, [{ kind: "answer", request, answer }]);
  }

  #gather(request: Request, command: GatheredCommand): Promise<Gathered> {
    switch (command.type) {
      case "GetApplicationQueue":
        return this.#queue(command);
      case "GetBooks":
        return this.#books(command);
      case "GetClearing":
        return this.#receipt(request, command.loanId, (source) =>
          receiptOf(this.#legs, source, command.clearing),
        );
      case "GetClearingPath": {
        const accountId = ownerOf(request, command.accountId);
        return this.#receipt(request, command.loanId, (source) =>
          pathOf(this.#legs, source, command.clearing, accountId),
        );
      }
      case "GetReturns":
        return this.#returns(request, command);
      default:
        return assertNever(command);
    }
  }

  async #books({ day }: Named<"GetBooks">): Promise<Gathered> {
    const books = allSeen(await this.#host.looks.atShards(booksOf));
    if (!books.ok) return this.#failed(books.code);
    const view = booksView(books.sight, day);
    return view === null
      ? this.#failed("day_not_kept")
      : { position: "", answer: { type: "Read", view } };
  }

  async #queue({ stage }: Named<"GetApplicationQueue">): Promise<Gathered> {
    const seen = allSeen(await this.#host.looks.atShards(({ queue }) => queue.look(stage)));
    if (!seen.ok) return this.#failed(seen.code);
    return { position: "", answer: { type: "Read", view: queueView(seen.sight) } };
  }

  async #receipt(
    request: Request,
    loanId: LoanId,
    make: (source: LegSource) => Generator<void, Asked<ReceiptView | PathView>>,
  ): Promise<Gathered> {
    const seen = await this.#loan(request, loanId, (loan) =>
      isOnMarket(loan) ? legSourceOf(loan) : "absent",
    );
    if (!seen.ok) return this.#failed(seen.code);
    const { sight, position } = seen;
    if (sight === "absent")
      return { position, answer: { type: "Refused", code: "loan_not_found" } };
    if (sight === null) return this.#failed("clearing_not_found");
    const made = await this.#slices.run(make(sight));
    if (!made.ok) return this.#failed(made.code);
    return { position, answer: { type: "Read", view: made.view } };
  }

  async #returns(request: Request, command: Named<"GetReturns">): Promise<Gathered> {
    const { looks, clock, businessDay, dayOffsetMinutes } = this.#host;
    const id = ownerOf(request, command.accountId);
    const from = command.from ?? 0;
    const at = clock.wallMs();
    const seen = await looks.at({ kind: "account", id }, request, positionsIn(from), at);
    if (!seen.ok) return this.#failed(seen.code);
    const { sight: page, position } = seen;
    if (page === null) {
      return { position, answer: { type: "Refused", code: "account_not_found" } };
    }
    const day = businessDay();
    if (day === 0) return this.#failed("unavailable");
    const seconds =
      command.seconds === true ? secondsOfDate(businessDate(day), at, dayOffsetMinutes) : 0;
    const loans = allSeen(await this.#sights(request, page, day, seconds));
    if (!loans.ok) return this.#failed(loans.code);
    const view = await this.#slices.run(returnsOf(this.#legs, page, loans.sight, day));
    return { position, answer: { type: "Read", view } };
  }

  #sights(
    request: Request,
    { positions }: PositionsView,
    day: number,
    seconds: number,
  ): Promise<readonly Seen<LoanSight | null>[]> {
    return Promise.all(
      positions.map(({ loanId }) =>
        this.#loan(request, loanId, (loan) => loanSight(loan, day, seconds)),
      ),
    );
  }

  #loan<Sight>(
    request: Request,
    id: LoanId,
    see: (loan: LoanState) => Sight,
  ): Promise<Seen<Sight>> {
    const { looks, clock } = this.#host;
    const look = (cell: Cell): Sight => see(loanOf(cell));
    return looks.at({ kind: "loan", id }, request, look, clock.wallMs());
  }

  #failed(code: ErrorCode): Gathered {
    const { retryAfterMs } = this.#host;
    const mayPass = code === "unavailable" || code === "server_busy";
    const answer: Answer = { type: "Failed", code, retryAfterMs: mayPass ? retryAfterMs : null };
    return { position: "", answer };
  }
}

function positionsIn(from: number): (cell: Cell) => PositionsView | null {
  return (cell) => {
    const account = accountOf(cell);
    return account.status === "open" ? positionsView(account, from, RETURNS_LOANS_MAX) : null;
  };
}

function ownerOf({ self }: Request, named: AccountId | null): AccountId {
  const id = named ?? self;
  assert(id !== null, "the gateway says whose account a command is about");
  return id;
}

type AllSeen<Sight> =
  | { readonly ok: true; readonly sight: readonly Sight[] }
  | { readonly ok: false; readonly code: ErrorCode };

/** All of them, or why one is missing: an answer with a part left out would be a wrong one. */
function allSeen<Sight>(seen: readonly Seen<Sight>[]): AllSeen<Sight> {
  const sights: Sight[] = [];
  for (const each of seen) {
    if (!each.ok) return each;
    sights.push(each.sight);
  }
  return { ok: true, sight: sights };
}
