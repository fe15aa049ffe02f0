// Receipts of clearings on a whole runtime: what the journal paid is what a lender can prove.

import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId, type AccountId, type LoanId } from "../../actors/address.ts";
import { Holders } from "../../actors/loan/repayment/holders.ts";
import { verifyReceipt, type Receipt } from "../../src/client/receipt.ts";
import type { ReplyOf } from "../../src/protocol/table.ts";
import { LegCache } from "../../src/runtime/leg-cache.ts";
import { LoanLegs, type LegSource } from "../../src/runtime/loan-legs.ts";
import { pathOf } from "../../src/runtime/receipts.ts";
import { LENDERS, RepaidWorld } from "../support/repaid-world.ts";

let repaid: RepaidWorld;
const spring = loanId("spring");

const receipt = (clearing: number) =>
  repaid.read<ReplyOf<"clearing.get">>({ type: "GetClearing", loanId: spring, clearing });
const path = (id: string, clearing: number) =>
  repaid.read<Receipt>({ type: "GetClearingPath", loanId: spring, clearing, accountId: null }, id);
const code = async (draft: Parameters<RepaidWorld["read"]>[0], self: string | null = null) => {
  const answer = await repaid.world.ask(draft, self);
  return "code" in answer ? answer.code : "answered";
};

describe.each([1, 3])("Receipts with %i shards", (shards) => {
  afterEach(async () => repaid.world.stop());

  it("every lender's entry is its leg, provably one of those that sum to the payment", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.months(3);
    await repaid.repay(1_000_00, "early_keep_term");
    const { clearings } = await repaid.loan();
    expect(clearings).toBe(4);
    for (let clearing = 1; clearing <= 4; clearing++) {
      const whole = await receipt(clearing);
      let sumCents = 0;
      for (const id of LENDERS) {
        const own = await path(id, clearing);
        expect(verifyReceipt(own, whole.root)).toBeNull();
        expect(own).toMatchObject(whole);
        const entry = (await repaid.entriesOf(id)).find((each) => each.clearing === clearing)!;
        expect([
          entry.principalCents,
          entry.interestCents,
          entry.penaltyCents,
          entry.feeCents,
        ]).toEqual([
          own.ownPrincipalCents,
          own.ownInterestCents,
          own.ownPenaltyCents,
          own.ownFeeCents,
        ]);
        expect(entry.amountCents).toBe(own.ownCents);
        sumCents += own.ownPrincipalCents + own.ownInterestCents + own.ownPenaltyCents;
      }
      expect(sumCents).toBe(whole.legsCents);
      expect(whole.legs).toBe(LENDERS.length);
      expect(whole.amountCents).toBe(whole.legsCents + whole.feeCents);
    }
    expect((await receipt(4)).feeCents).toBeGreaterThan(0);
  });

  it("is the same after a restart, when all is split again", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.months(2);
    const before = await path("cora", 2);
    await repaid.world.stop();
    await repaid.world.reopen();
    expect(await path("cora", 2)).toEqual(before);
    expect(verifyReceipt(before)).toBeNull();
  });

  it("is refused for what there is none of", async () => {
    repaid = await RepaidWorld.paidOut(shards);
    await repaid.months(1);
    const ask = { type: "GetClearing", loanId: spring, clearing: 1 } as const;
    expect(await code({ ...ask, clearing: 0 })).toBe("clearing_not_found");
    expect(await code({ ...ask, clearing: 2 })).toBe("clearing_not_found");
    expect(await code({ ...ask, loanId: loanId("nowhere") })).toBe("loan_not_found");
    await repaid.world.listLoan("autumn");
    expect(await code({ ...ask, loanId: loanId("autumn") })).toBe("clearing_not_found");
    const own = { ...ask, type: "GetClearingPath", accountId: null } as const;
    expect(await code(own, "borrower")).toBe("not_a_lender");
    expect(await code({ ...own, accountId: accountId("ann") })).toBe("answered");
  });
});

/** A loan of `shares` whose payments are these, without a runtime around it. */
function source(
  shares: readonly number[],
  payments: readonly [number, number, number][],
): LegSource {
  const ids = shares.map((_, at) => `lender-${at}` as AccountId);
  return {
    loanId: "spring" as LoanId,
    serviceFeeBps: 1_000,
    holders: new Holders(ids, shares),
    clearings: payments.map(([principalCents, interestCents, penaltyCents], at) => {
      const parts = { principalCents, interestCents, penaltyCents, feeCents: 7 };
      return { clearingNo: at + 1, day: 20_000 + at, instalment: at + 1, ...parts };
    }),
  };
}

function done<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

function receiptIn(from: LegSource, clearing: number, holder: number): Receipt {
  const asked = done(pathOf(new LegCache(0), from, clearing, from.holders.ids[holder]!));
  if (!asked.ok) throw new Error(asked.code);
  return asked.view;
}

const world = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 30 }),
    fc.array(fc.tuple(fc.nat(99), fc.nat(10 ** 6), fc.nat(500)), { minLength: 1, maxLength: 4 }),
  )
  .map(([shares, parts]) => {
    // The principal of all payments together is at most what was lent.
    const totalCents = shares.reduce((sum, each) => sum + each, 0);
    const payments = parts.map(([percent, interest, penalty]): [number, number, number] => [
      Math.floor((totalCents * percent) / 400),
      interest,
      penalty,
    ]);
    return source(shares, payments);
  });

describe("A receipt", () => {
  it("holds for every holder, and sums to the payment over all of them", () => {
    fc.assert(
      fc.property(world, (from) => {
        const cache = new LegCache(0);
        for (const { clearingNo, principalCents, interestCents, penaltyCents } of from.clearings) {
          let sumCents = 0;
          for (const id of from.holders.ids) {
            const asked = done(pathOf(cache, from, clearingNo, id));
            if (!asked.ok) throw new Error(asked.code);
            expect(verifyReceipt(asked.view)).toBeNull();
            const { ownPrincipalCents, ownInterestCents, ownPenaltyCents } = asked.view;
            sumCents += ownPrincipalCents + ownInterestCents + ownPenaltyCents;
          }
          expect(sumCents).toBe(principalCents + interestCents + penaltyCents);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("does not hold when anything that it commits to is changed", () => {
    fc.assert(
      fc.property(world, fc.nat(), fc.integer({ min: 1, max: 1_000 }), (from, at, by) => {
        const own = receiptIn(from, 1, at % from.holders.count);
        const names = [
          ...["clearing", "paidOn", "amountCents", "principalCents", "interestCents"],
          ...["penaltyCents", "feeCents", "legs", "legsCents", "index", "ownPrincipalCents"],
          ...["ownInterestCents", "ownPenaltyCents", "ownFeeCents"],
        ] as (keyof Receipt)[];
        for (const name of names) {
          const changed = { ...own, [name]: (own[name] as number) + by };
          expect([name, verifyReceipt(changed)]).not.toEqual([name, null]);
        }
        for (const changed of [
          { ...own, accountId: "mallory" },
          { ...own, loanId: "autumn" },
          { ...own, root: own.root.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) },
          { ...own, path: [...own.path, { hash: own.root, sumCents: 0 }] },
          {
            ...own,
            path: own.path.map((node) => ({ ...node, hash: node.hash.toUpperCase() + "0" })),
          },
        ]) {
          if (changed.path.length === 0 && own.path.length === 0 && changed.root === own.root) {
            if (changed.accountId === own.accountId && changed.loanId === own.loanId) continue;
          }
          expect(verifyReceipt(changed)).not.toBeNull();
        }
        const interest = own.ownInterestCents + own.ownPenaltyCents;
        expect(verifyReceipt({ ...own, ownFeeCents: interest + 1 })).toBe("amounts_wrong");
        expect(verifyReceipt({ ...own, ownPrincipalCents: -1 })).toBe("amounts_wrong");
        expect(verifyReceipt(own, "0".repeat(64))).toBe("root_not_trusted");
      }),
      { numRuns: 60 },
    );
  });

  it("of legs and sums with any text in them is a value, never a throw", () => {
    const own = receiptIn(source([5, 5, 5], [[3, 3, 0]]), 1, 0);
    const bad = { hash: "not hexadecimal", sumCents: 1 };
    expect(verifyReceipt({ ...own, path: own.path.map(() => bad) })).toBe("path_wrong");
    expect(verifyReceipt({ ...own, legs: 2 ** 52 })).toBe("path_wrong");
    expect(verifyReceipt({ ...own, index: -1 })).toBe("path_wrong");
    expect(verifyReceipt({ ...own, amountCents: own.amountCents + 1 })).toBe("sums_differ");
  });
});

describe("Legs that were split again", () => {
  it("follow the loan from where they were, to the same legs", () => {
    const from = source(
      [3, 5, 7],
      [
        [5, 100, 0],
        [5, 99, 1],
        [5, 98, 0],
      ],
    );
    const early = new LoanLegs(from, new LegCache(0));
    done(early.follow({ ...from, clearings: from.clearings.slice(0, 1) }));
    done(early.follow(from));
    const late = new LoanLegs(from, new LegCache(0));
    done(late.follow(from));
    for (const clearing of [1, 2, 3]) {
      for (const holder of [0, 1, 2])
        expect(done(early.legOf(clearing, holder))).toEqual(done(late.legOf(clearing, holder)));
    }
  });

  it("keep what no compact number holds", () => {
    const from = source([10 ** 12], [[10 ** 12, 2 ** 33, 0]]);
    const legs = new LoanLegs(from, new LegCache(0));
    done(legs.follow(from));
    expect(done(legs.legOf(1, 0))).toMatchObject({
      principalCents: 10 ** 12,
      interestCents: 2 ** 33,
    });
  });

  it("are let go, the longest unasked first, but never what is worked on", () => {
    const cache = new LegCache(1_000);
    const of = (id: string) => ({ ...source([1, 2, 3], [[1, 1, 1]]), loanId: id as LoanId });
    for (let n = 0; n < 100; n++) {
      done(cache.of(of(`loan-${n}`)).follow(of(`loan-${n}`)));
      expect(cache.sizeBytes).toBeLessThanOrEqual(1_000);
    }
    const kept = cache.of(of("loan-99"));
    expect(kept.clearings.length).toBe(1);
    expect(cache.of(of("loan-0")).clearings.length).toBe(0);
    const tight = new LegCache(0);
    tight.of(of("only"));
    expect(tight.sizeBytes).toBeGreaterThan(0);
  });

  it("keep within the limit also for one loan with thousands of clearings, and are the same", () => {
    const lenders = 40;
    const clearings = 5_000;
    const shares = Array.from({ length: lenders }, (_, at) => 50_00 + at);
    const payments = Array.from({ length: clearings }, (_, at): [number, number, number] => [
      at % 3 === 0 ? 7 + (at % 90) : 0,
      at % 1_000,
      at % 7,
    ]);
    const from = source(shares, payments);
    const limit = 512 * 1024;
    const cache = new LegCache(limit);
    const whole = new LegCache(Infinity);
    let most = 0;
    const within = <Result>(work: Generator<void, Result>): Result => {
      for (;;) {
        const step = work.next();
        most = Math.max(most, cache.sizeBytes);
        if (step.done === true) return step.value;
      }
    };
    const ids = from.holders.ids;
    for (let clearing = clearings; clearing >= 1; clearing -= 397) {
      const id = ids[clearing % lenders]!;
      const receipt = within(pathOf(cache, from, clearing, id));
      expect(receipt).toEqual(done(pathOf(whole, from, clearing, id)));
    }
    const [legs, others] = [cache.of(from), whole.of(from)];
    expect(within(legs.legsOf(7))).toEqual(done(others.legsOf(7)));
    expect(whole.sizeBytes).toBeGreaterThan(4 * limit);
    expect(most).toBeLessThanOrEqual(limit);
    expect(most).toBeGreaterThan(limit / 2);
    cache.clear();
    expect(cache.sizeBytes).toBe(0);
  });

  it("splits few clearings again for a receipt of long ago", () => {
    const payments = Array.from({ length: 5_000 }, (): [number, number, number] => [0, 10, 0]);
    const from = source([1_000, 2_000, 3_000], payments);
    const cache = new LegCache(20_000);
    done(cache.of(from).follow(from));
    let steps = 0;
    for (const work = pathOf(cache, from, 1_234, from.holders.ids[0]!); !work.next().done;) steps++;
    expect(steps).toBeLessThanOrEqual(512);
  });
});
