// The loans that an account's open holds are for: no more of them are
// kept than there are at a time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absentAccount, type AccountState } from "../../actors/account/account.ts";
import type { AccountEvent } from "../../actors/account/events.ts";
import { evolveAccount } from "../../actors/account/evolve.ts";
import { HeldLoans } from "../../actors/account/held-loans.ts";
import { restoreAccount, snapshotAccount } from "../../actors/account/snapshot.ts";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { request } from "../support/given.ts";

const ANN = "ann" as AccountId;
const OPENED = [
  { type: "AccountOpened", ...request(1), by: null },
  { type: "Deposited", ...request(2), amountCents: 1_000_00, reference: "r", by: null },
] as AccountEvent[];

interface Step {
  /** Opens a hold for this loan; or closes the open hold of this place in their order. */
  readonly loan: number | null;
  readonly close: number;
}

/** The events of these steps, and the most loans with an open hold at a time. */
function history(steps: readonly Step[]) {
  const events: AccountEvent[] = [...OPENED];
  const open: { holdNo: number; loan: number }[] = [];
  let holds = 0;
  let most = 0;
  for (const { loan, close } of steps) {
    if (loan !== null) {
      const holdNo = ++holds;
      const asked = { loanId: `l${loan}` as LoanId, amountCents: 1, fill: "upTo", minCents: null };
      events.push({ type: "HoldPlaced", ...request(9 + holdNo), holdNo, ...asked } as AccountEvent);
      open.push({ holdNo, loan });
    } else if (open.length > 0) {
      const [{ holdNo } = { holdNo: 0 }] = open.splice(close % open.length, 1);
      events.push({ type: "BidRefused", holdNo, releasedCents: 1, refusal: "loan_full" });
    }
    most = Math.max(most, new Set(open.map((hold) => hold.loan)).size);
  }
  return { events, open, most };
}

function after(events: readonly AccountEvent[], from: AccountState = absentAccount()) {
  return events.reduce((state, event) => evolveAccount(state, event, ANN, 7), from);
}

function restored(state: AccountState): AccountState {
  const { main, parts } = snapshotAccount(state, "all");
  return restoreAccount(ANN, structuredClone(main), structuredClone(parts));
}

function loansOf(state: AccountState): HeldLoans {
  if (state.status !== "open") throw new Error("the account is open");
  return state.loans;
}

const steps = fc.array(
  fc.record({ loan: fc.option(fc.integer({ min: 1, max: 40 })), close: fc.nat(100) }),
  { maxLength: 200 },
);

describe("Account: loans with open holds", () => {
  it("are kept as many as there are at a time, and found by each open hold", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { events, open, most } = history(all);
        const state = after(events);
        const loans = loansOf(state).toSnapshot();
        expect(loans.filter((each) => typeof each !== "number").length).toBeLessThanOrEqual(most);
        // Each hold that is still open can be posted: it has its loan.
        const posted = open.map(
          ({ holdNo, loan }) =>
            ({ type: "HoldPosted", holdNo, amountCents: 1, loanId: `l${loan}` }) as AccountEvent,
        );
        for (const { holdNo, loan } of open) {
          if (state.status !== "open") throw new Error("the account is open");
          expect(state.loans.at(state.holds.get(holdNo, 0))).toBe(`l${loan}`);
        }
        expect(loansOf(after(posted, state)).toSnapshot()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("are the same after a snapshot and the rest as after a full replay", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, cut) => {
        const { events } = history(all);
        const at = OPENED.length + (cut % (events.length - OPENED.length + 1));
        const resumed = after(events.slice(at), restored(after(events.slice(0, at))));
        const full = after(events);
        expect(snapshotAccount(resumed, "all")).toEqual(snapshotAccount(full, "all"));
        const next = "new" as LoanId;
        expect(loansOf(resumed).open(next)).toBe(loansOf(full).open(next));
      }),
      { numRuns: 200 },
    );
  });

  it("of a snapshot from before, which kept all that ever were, leave their places free", () => {
    const older = ["a", "b", "c", "d"];
    const held = HeldLoans.restore(older, [1, 1, 3]);
    expect(held.toSnapshot()).toEqual([null, "b", null, "d", 2, 0]);
    expect(held.open("e" as LoanId)).toBe(0);
    expect(held.open("f" as LoanId)).toBe(2);
    expect(held.open("g" as LoanId)).toBe(4);
    held.close(1);
    expect(held.at(1)).toBe("b");
    held.close(1);
    expect(() => held.at(1)).toThrow(/has its loan/);
    expect(held.open("h" as LoanId)).toBe(1);
  });
});
