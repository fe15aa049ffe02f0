// What every watched account was told, added up: its money, what it lent and what came back, day by
// day. It is the clients' own record; nothing here is asked of the server.

import type { Entry } from "../../actors/account/entry-log.ts";
import { SimulationFailure } from "./clients.ts";
import type { RepaymentMethod } from "../lending/terms.ts";

/** Cents by day: paid out for a loan negative, received of it positive. */
export type Flows = Map<number, number>;

/** What one lender has in one loan: what it lent less what came back of the principal. */
export type Claims = Map<string, number>;

export interface Received {
  legs: number;
  principalCents: number;
  interestCents: number;
  penaltyCents: number;
  serviceFeeCents: number;
}

export class Purses {
  readonly #available = new Map<string, number>();
  readonly #lastEntry = new Map<string, number>();
  readonly flows = new Map<string, Flows>();
  readonly claims = new Map<string, Claims>();
  readonly flowsByMethod = new Map<RepaymentMethod, Flows>();
  readonly lentByMethod = new Map<RepaymentMethod, number>();
  readonly received: Received = {
    legs: 0,
    principalCents: 0,
    interestCents: 0,
    penaltyCents: 0,
    serviceFeeCents: 0,
  };
  readonly #methods = new Map<string, RepaymentMethod>();
  #day: number;

  constructor(day: number) {
    this.#day = day;
  }

  begin(day: number): void {
    this.#day = day;
  }

  /** A loan that lenders are about to hold. */
  know(loanId: string, method: RepaymentMethod): void {
    this.#methods.set(loanId, method);
  }

  /** What the account may use, as it was told. */
  of(id: string): number {
    return this.#available.get(id) ?? 0;
  }

  /** Over all accounts: what may be used, and what is outstanding of what was lent. */
  get totals(): { readonly availableCents: number; readonly claimCents: number } {
    const sum = (values: Iterable<number>): number => {
      let total = 0;
      for (const value of values) total += value;
      return total;
    };
    const claims = [...this.claims.values()].map((each) => sum(each.values()));
    return { availableCents: sum(this.#available.values()), claimCents: sum(claims) };
  }

  told(id: string, entry: Entry): void {
    const expected = (this.#lastEntry.get(id) ?? 0) + 1;
    if (entry.entry !== expected) {
      throw new SimulationFailure(`${id} was told entry ${entry.entry} where ${expected} is next`);
    }
    this.#lastEntry.set(id, entry.entry);
    this.#available.set(id, entry.availableCents);
    const { loanId, kind, amountCents } = entry;
    if (loanId === null) return;
    if (kind === "hold_posted") {
      this.#claim(id, loanId, amountCents);
      this.#flow(id, loanId, -amountCents);
      const method = this.#methods.get(loanId)!;
      this.lentByMethod.set(method, (this.lentByMethod.get(method) ?? 0) + amountCents);
    } else if (kind === "repayment_received") {
      const { received } = this;
      received.legs++;
      received.principalCents += entry.principalCents ?? 0;
      received.interestCents += entry.interestCents ?? 0;
      received.penaltyCents += entry.penaltyCents ?? 0;
      received.serviceFeeCents += entry.feeCents ?? 0;
      this.#claim(id, loanId, -(entry.principalCents ?? 0));
      this.#flow(id, loanId, amountCents);
    }
  }

  #claim(id: string, loanId: string, cents: number): void {
    const claims = mapIn(this.claims, id);
    claims.set(loanId, (claims.get(loanId) ?? 0) + cents);
  }

  #flow(id: string, loanId: string, cents: number): void {
    add(mapIn(this.flows, id), this.#day, cents);
    add(mapIn(this.flowsByMethod, this.#methods.get(loanId)!), this.#day, cents);
  }
}

function mapIn<Key, Inner>(maps: Map<Key, Map<Inner, number>>, key: Key): Map<Inner, number> {
  let inner = maps.get(key);
  if (inner === undefined) {
    inner = new Map();
    maps.set(key, inner);
  }
  return inner;
}

export function add(flows: Flows, day: number, cents: number): void {
  flows.set(day, (flows.get(day) ?? 0) + cents);
}
