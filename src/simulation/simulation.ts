// Years of lending in one run that a seed repeats: lenders and borrowers, loans of all methods,
// late payers, defaults and early repayments, on the real runtime. It ends with the books, the
// returns and a check of every invariant; `faults` says what does not hold.

import { accountId, loanId } from "../../actors/address.ts";
import { fromCivil } from "../lending/business-date.ts";
import type { RepaymentMethod } from "../lending/terms.ts";
import type { AuditReport } from "../history/report.ts";
import { SimulationFailure } from "./clients.ts";
import {
  drawDebt,
  inTheEvening,
  inTheMorning,
  looksAt,
  type Debt,
  type Deeds,
  type Surroundings,
} from "./debts.ts";
import { bringAbout, openElsewhere, spend } from "./market.ts";
import { drawBorrowers, drawLoan, type Borrower } from "./people.ts";
import { auditOf, booksOf, replayAll, type Books, type Replayed } from "./proof.ts";
import { Purses, type Received } from "./purses.ts";
import { Chance } from "../chance/chance.ts";
import { returnsOf, type Returns } from "./returns.ts";
import { SimulatedServer } from "./server.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly lenders: number;
  readonly borrowers: number;
  readonly years: number;
  readonly shards: number;
  /** Whether the server's wall clock jumps by an hour and stands still now and then. */
  readonly clockJumps: boolean;
  /** Told after each day, and when the checks begin. */
  readonly onProgress?: (day: number, days: number) => void;
}

interface LoanCounts {
  readonly listed: number;
  readonly repaying: number;
  readonly settled: number;
  readonly defaulted: number;
}

export interface SimulationReport {
  readonly days: number;
  readonly loans: LoanCounts;
  readonly deeds: Omit<Deeds, "refused"> & { readonly refused: Readonly<Record<string, number>> };
  readonly received: Received;
  readonly books: Books;
  readonly returns: Returns;
  readonly audit: AuditReport;
  readonly replay: Replayed;
  readonly clockJumps: number;
  readonly loadedFromSnapshots: number;
  /** What does not hold; empty when everything does. */
  readonly faults: readonly string[];
}

/** 2 January 2026: no month of the first year is cut short. */
const FIRST_DAY = fromCivil({ year: 2026, month: 1, dayOfMonth: 2 });
const DAYS_PER_YEAR = 365;
const OPENED_AT_ONCE = 500;
/** No loan begins so shortly before the end. */
const LAST_LOAN_DAYS = 60;
const NEXT_LOAN_DAYS_MAX = 60;

/** Rejects with SimulationFailure when the server stops serving. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const simulation = new Simulation(options);
  return simulation.run();
}

class Simulation {
  readonly #o: SimulationOptions;
  readonly #server: SimulatedServer;
  readonly #chance: Chance;
  readonly #purses = new Purses(FIRST_DAY);
  readonly #lenders: readonly string[];
  readonly #borrowers: readonly Borrower[];
  readonly #debts: Debt[] = [];
  #open: Debt[] = [];
  readonly #deeds: Deeds = {
    paidByHand: 0,
    repaidEarlyInFull: 0,
    repaidEarlyInPart: 0,
    recovered: 0,
    refused: new Map(),
  };

  constructor(options: SimulationOptions) {
    this.#o = options;
    const { seed, shards, lenders, borrowers, clockJumps } = options;
    this.#chance = new Chance(seed);
    this.#server = new SimulatedServer({ shards, seed, day: FIRST_DAY, clockJumps });
    this.#server.clients.onEntry = (id, entry) => this.#purses.told(id, entry);
    this.#lenders = Array.from(
      { length: lenders },
      (_, nth) => `lender-${String(nth + 1).padStart(6, "0")}`,
    );
    this.#borrowers = drawBorrowers(borrowers, FIRST_DAY, this.#chance);
  }

  get #around(): Surroundings {
    return { clients: this.#server.clients, purses: this.#purses, deeds: this.#deeds };
  }

  async run(): Promise<SimulationReport> {
    const { years, onProgress } = this.#o;
    const days = years * DAYS_PER_YEAR;
    await this.#server.start();
    await this.#openAccounts();
    const lastDay = FIRST_DAY + days;
    for (let day = FIRST_DAY + 1; day <= lastDay; day++) {
      await this.#day(day, lastDay);
      onProgress?.(day - FIRST_DAY, days);
    }
    const report = await this.#conclude(lastDay);
    await this.#server.stop();
    return report;
  }

  async #openAccounts(): Promise<void> {
    const { clients, time } = this.#server;
    const ids = [...this.#lenders, ...this.#borrowers.map(({ id }) => id)];
    for (let from = 0; from < ids.length; from += OPENED_AT_ONCE) {
      await Promise.all(
        ids.slice(from, from + OPENED_AT_ONCE).map(async (id) => {
          const account = accountId(id);
          await clients.get("AccountOpened", { type: "OpenAccount", accountId: account });
          const from = { after: null, receipts: null };
          await clients.get("AccountWatched", {
            type: "WatchAccount",
            accountId: account,
            ...from,
          });
        }),
      );
    }
    await openElsewhere(clients, time.trueMs);
  }

  async #day(day: number, lastDay: number): Promise<void> {
    const { clients } = this.#server;
    await Promise.all(this.#open.map((debt) => inTheMorning(debt, day, clients)));
    this.#purses.begin(day);
    await this.#server.advanceTo(day);
    const looking = this.#open.filter((debt) => looksAt(debt, day));
    if (looking.length > 0) {
      await Promise.all(looking.map((debt) => inTheEvening(debt, day, this.#around)));
      await this.#server.quiet();
      this.#closeSettled(day);
    }
    for (const borrower of this.#borrowers) {
      const { wantsOn } = borrower;
      if (wantsOn === null || wantsOn > day || day > lastDay - LAST_LOAN_DAYS) continue;
      await this.#lend(borrower, day);
    }
  }

  #closeSettled(day: number): void {
    for (const { status, wish } of this.#open) {
      if (status !== "settled") continue;
      wish.borrower.wantsOn = day + this.#chance.whole(1, NEXT_LOAN_DAYS_MAX);
    }
    this.#open = this.#open.filter(({ status }) => status !== "settled");
  }

  async #lend(borrower: Borrower, day: number): Promise<void> {
    const { clients, time } = this.#server;
    const wish = drawLoan(borrower, this.#debts.length, this.#chance);
    borrower.wantsOn = null;
    borrower.loans++;
    this.#purses.know(wish.loanId, wish.method);
    await bringAbout(wish, this.#lenders, clients, this.#purses, this.#chance, time.trueMs);
    await this.#server.quiet();
    const debt = drawDebt(wish, day, this.#chance);
    const loan = { type: "GetLoan", loanId: loanId(wish.loanId) } as const;
    const { view } = await clients.get("Loan", loan);
    const [firstDue] = debt.instalments.keys();
    if (view.status !== "repaying" || view.nextDueOn !== firstDue) {
      throw new SimulationFailure(`${wish.loanId} is ${view.status}, due on ${view.nextDueOn}`);
    }
    await spend(borrower.id, clients, this.#purses);
    this.#debts.push(debt);
    this.#open.push(debt);
  }

  async #conclude(lastDay: number): Promise<SimulationReport> {
    const server = this.#server;
    await server.quiet();
    const books = booksOf(server);
    const replay = await replayAll(server);
    const audit = await auditOf(server);
    const statuses = new Map(audit.loans.map(({ loanId: id, status }) => [id, status]));
    const methods = new Map(this.#debts.map(({ wish }) => [wish.loanId, wish.method]));
    const returns = returnsOf(
      this.#purses,
      this.#lenders,
      lastDay,
      (id) => statuses.get(id) === "defaulted",
      (id): RepaymentMethod => methods.get(id)!,
    );
    const counted = (status: string): number =>
      this.#debts.filter(({ wish }) => statuses.get(wish.loanId) === status).length;
    const { received } = this.#purses;
    return {
      days: lastDay - FIRST_DAY,
      loans: {
        listed: this.#debts.length,
        repaying: counted("repaying"),
        settled: counted("settled"),
        defaulted: counted("defaulted"),
      },
      deeds: { ...this.#deeds, refused: Object.fromEntries(this.#deeds.refused) },
      received,
      books,
      returns,
      audit,
      replay,
      clockJumps: server.time.jumps,
      loadedFromSnapshots: server.counters.loaded,
      faults: faultsOf(books, audit, replay, this.#purses),
    };
  }
}

/** What does not hold of all that is checked at the end; each in a sentence. */
export function faultsOf(
  books: Books,
  audit: AuditReport,
  replay: Pick<Replayed, "differing">,
  told: Pick<Purses, "received" | "totals">,
): readonly string[] {
  const { received, totals } = told;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string): void => void (holds || faults.push(fault));
  expect(audit.ok, `the auditor found ${audit.violationCount} violations`);
  expect(audit.coverage === "full", "the auditor did not see the journals from their start");
  expect(books.cashDifferenceCents === 0, `the cash book differs by ${books.cashDifferenceCents}`);
  expect(books.memoDifferenceCents === 0, `the memo book differs by ${books.memoDifferenceCents}`);
  expect(books.totals.transit === 0, "money is in transit at rest");
  expect(books.totals["loan.clearing"] === 0, "money of loans is nobody's");
  const feesCents = -books.totals["revenue.service"];
  expect(received.serviceFeeCents === feesCents, "service fees are not what lenders were told");
  expect(
    received.legs === audit.totals.legs,
    `lenders were told of ${received.legs} legs, the journals have ${audit.totals.legs}`,
  );
  expect(
    totals.availableCents === -books.totals["client.available"],
    "the balances that were told are not those of the books",
  );
  expect(
    totals.claimCents === books.totals["memo.claim"],
    "what lenders have outstanding by what they were told is not what the memo book says",
  );
  const { differing } = replay;
  expect(differing.length === 0, `a replay gives another state of ${differing.join(", ")}`);
  return faults;
}
