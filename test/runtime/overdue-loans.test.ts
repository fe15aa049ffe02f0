// Loans by how late they are, as operators see them: through crashes, and without waking any.

import { afterEach, describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { TERMS } from "../support/repaid-world.ts";
import { World } from "../support/world.ts";

let world: World;
afterEach(async () => world.stop());

const NONE = { current: 0, days_1_30: 0, days_31_60: 0, days_61_90: 0, days_over_90: 0 };
const counts = () => ({ ...world.system.loansByBucket() });

async function settled(): Promise<void> {
  await world.until(() =>
    world.stores.every((_, shard) => {
      const run = world.system.shard(shard).run;
      return run !== null && run.isSettled && run.state.pending.size === 0;
    }),
  );
}

/** Lent by ann, and lent on by its borrower, but for what the borrower had before. */
async function lent(id: string, term: number, ownCents: number): Promise<void> {
  const borrower = `${id}-borrower`;
  await world.openWithMoney(borrower, ownCents);
  const terms = { ...TERMS, principalCents: 1_000_00, originationFeeBps: 0, method: "bullet" };
  await world.listLoan(id, { ...terms, borrowerId: accountId(borrower), term });
  await world.answered(world.bid("ann", id, 1_000_00).request);
  await settled();
  await world.answered(world.bid(borrower, "elsewhere", 1_000_00).request);
}

describe.each([1, 3])("Loans by class with %i shards", (shards) => {
  it("are counted on every day, after a crash too, and no more when they are settled", async () => {
    const limits = { checkpointMs: 1, idleMs: 5 };
    world = await new World(shards, limits).start();
    await world.openWithMoney("ann", 9_000_00);
    const elsewhere = { principalCents: 9_000_00, borrowerId: accountId("zoe") };
    await world.listLoan("elsewhere", elsewhere);
    expect(counts()).toEqual(NONE);
    for (const [id, term, ownCents] of [
      ["good", 1, 2_000_00],
      ["late", 1, 1],
      ["later", 2, 1],
    ] as const) {
      await lent(id, term, ownCents);
    }
    expect(counts()).toEqual({ ...NONE, current: 3 });
    const loan = await world.ask({ type: "GetLoan", loanId: loanId("late") });
    const due = loan.type === "Loan" ? loan.view.nextDueOn! : 0;
    const stages = [
      [due - 1, { current: 3 }],
      // What is due today is not late; the good one is settled.
      [due, { current: 2 }],
      [due + 1, { current: 1, days_1_30: 1 }],
      [due + 30, { current: 1, days_1_30: 1 }],
      [due + 32, { days_1_30: 1, days_31_60: 1 }],
      [due + 61, { days_1_30: 1, days_61_90: 1 }],
      [due + 91, { days_31_60: 1, days_over_90: 1 }],
    ] as const;
    for (const [day, expected] of stages) {
      await world.system.advanceTo(day);
      await settled();
      expect([day - due, counts()]).toEqual([day - due, { ...NONE, ...expected }]);
      await world.crash();
      expect([day - due, counts()]).toEqual([day - due, { ...NONE, ...expected }]);
    }
    const borrower = accountId("late-borrower");
    const deposit = { accountId: borrower, amountCents: 2_000_00, reference: "x" };
    await world.ask({ type: "Deposit", ...deposit });
    await world.system.advanceTo(due + 92);
    await settled();
    expect(counts()).toEqual({ ...NONE, days_61_90: 1 });
  });
});
