// Who lent how much of a loan, and whether each repayment reaches them in their shares: exact
// entitlements in whole fractions, whatever rule divided the cents. It must never use the server's
// splitting.

import { LEG, LEG_ITEMS } from "../../actors/account/legs.ts";
import { bpsShareOf } from "./exact.ts";
import type { Findings } from "./report.ts";

const SERIES = ["principal", "interest", "penalty"] as const;
type Series = (typeof SERIES)[number];
type Cents = Record<Series, number>;

interface Holder {
  readonly shareCents: number;
  /** Told so far, by all clearings. */
  readonly got: Cents;
}

/** A payment that is divided among the holders. */
interface Clearing {
  readonly no: number;
  readonly instalment: number;
  readonly cents: Readonly<Cents>;
  readonly told: Set<string>;
  readonly toldCents: Cents;
}

export interface Leg {
  readonly accountId: string;
  readonly principalCents: number;
  readonly interestCents: number;
  readonly penaltyCents: number;
  readonly feeCents: number;
}

export function legsOf(items: readonly (string | number)[]): Leg[] {
  const legs: Leg[] = [];
  for (let at = 0; at < items.length; at += LEG_ITEMS) {
    legs.push({
      accountId: items[at + LEG.account] as string,
      principalCents: items[at + LEG.principal] as number,
      interestCents: items[at + LEG.interest] as number,
      penaltyCents: items[at + LEG.penalty] as number,
      feeCents: items[at + LEG.fee] as number,
    });
  }
  return legs;
}

export class HolderBook {
  readonly holders = new Map<string, Holder>();
  readonly #loanId: string;
  readonly #serviceFeeBps: number;
  /** In the order of the payments; those told to all are dropped. */
  readonly #open: Clearing[] = [];
  readonly #dividedCents: Cents = { principal: 0, interest: 0, penalty: 0 };
  #totalCents = 0;
  clearings = 0;

  constructor(loanId: string, lentCents: ReadonlyMap<string, number>, serviceFeeBps: number) {
    this.#loanId = loanId;
    this.#serviceFeeBps = serviceFeeBps;
    for (const [accountId, shareCents] of lentCents) {
      if (shareCents === 0) continue;
      const got = { principal: 0, interest: 0, penalty: 0 };
      this.holders.set(accountId, { shareCents, got });
      this.#totalCents += shareCents;
    }
  }

  /** Clearings that are not told to all yet. */
  get open(): number {
    return this.#open.length;
  }

  take(no: number, instalment: number, cents: Readonly<Cents>, findings: Findings): void {
    this.clearings++;
    findings.expect(
      no === this.clearings,
      "legs_wrong",
      () => `${this.#loanId}: clearing ${no} where ${this.clearings} comes next`,
    );
    const toldCents = { principal: 0, interest: 0, penalty: 0 };
    this.#open.push({ no, instalment, cents, told: new Set(), toldCents });
  }

  tell(
    event: {
      readonly clearingNo: number;
      readonly instalment: number;
      readonly legs: readonly (string | number)[];
      readonly nextHolder: number;
      readonly last: boolean;
    },
    findings: Findings,
  ): void {
    const name = `${this.#loanId}, clearing ${event.clearingNo}`;
    const clearing = this.#open[0];
    if (clearing?.no !== event.clearingNo || clearing.instalment !== event.instalment) {
      findings.add("legs_wrong", `${name} is told, and is not the next to tell`);
      return;
    }
    for (const leg of legsOf(event.legs)) this.#leg(name, clearing, leg, findings);
    findings.expect(
      event.last === (event.nextHolder === this.holders.size),
      "legs_wrong",
      () => `${name}: ${event.last ? "ends" : "goes on"} after ${event.nextHolder} holders`,
    );
    if (event.last) this.#end(name, clearing, findings);
  }

  #leg(name: string, clearing: Clearing, leg: Leg, findings: Findings): void {
    const { accountId, principalCents, interestCents, penaltyCents, feeCents } = leg;
    const holder = this.holders.get(accountId);
    const isFirst = !clearing.told.has(accountId);
    findings.expect(
      holder !== undefined && isFirst,
      "legs_wrong",
      () => `${name}: ${accountId} ${isFirst ? "holds nothing of it" : "is told twice"}`,
    );
    clearing.told.add(accountId);
    const parts = [principalCents, interestCents, penaltyCents, feeCents];
    const areAmounts = parts.every((cents) => Number.isSafeInteger(cents) && cents >= 0);
    findings.expect(areAmounts, "legs_wrong", () => `${name}: ${accountId} gets ${String(parts)}`);
    if (!areAmounts || holder === undefined) return;
    const dueFeeCents = bpsShareOf(interestCents + penaltyCents, this.#serviceFeeBps);
    findings.expect(
      feeCents === dueFeeCents,
      "fee_wrong",
      () => `${name}: ${accountId} pays ${feeCents} for the service, due ${dueFeeCents}`,
    );
    const cents: Cents = {
      principal: principalCents,
      interest: interestCents,
      penalty: penaltyCents,
    };
    for (const series of SERIES) {
      holder.got[series] += cents[series];
      clearing.toldCents[series] += cents[series];
    }
  }

  /** All are told: the legs are the payment, and everybody has the exact share to within a cent. */
  #end(name: string, { cents, toldCents }: Clearing, findings: Findings): void {
    this.#open.shift();
    for (const series of SERIES) {
      findings.expect(
        toldCents[series] === cents[series],
        "legs_wrong",
        () => `${name}: legs sum to ${toldCents[series]} of ${series}, taken ${cents[series]}`,
      );
      this.#dividedCents[series] += cents[series];
      for (const [accountId, holder] of this.holders) {
        this.#checkShare(`${name}: ${accountId}`, holder, series, findings);
      }
    }
  }

  /** E = C*p/P: what was got so far is between its floor and its ceiling. */
  #checkShare(name: string, { shareCents, got }: Holder, series: Series, findings: Findings) {
    const whole = BigInt(this.#totalCents);
    const entitled = BigInt(this.#dividedCents[series]) * BigInt(shareCents);
    const distance = BigInt(got[series]) * whole - entitled;
    findings.expect(
      distance < whole && -distance < whole,
      "share_wrong",
      () => `${name} has ${got[series]} of ${series}, entitled to ${entitled}/${whole}`,
    );
  }
}
