// One history with everything in it that happens to loans that were paid out, over two shards, for
// tests to spoil.

import { loanId } from "../../actors/address.ts";
import { homeOf } from "./good-world.ts";
import { SmallWorld, START_DAY } from "./small-world.ts";

export const LENDING = {
  method: "equal_instalment",
  term: 4,
  rateBps: 1_200,
  basisDays: 365,
  originationFeeBps: 100,
  serviceFeeBps: 1_000,
  earlyFeeBps: 50,
  graceDays: 3,
  penaltyPpm: 500,
  disbursesAtOnce: true,
};

/** Fills a loan: ann 300.00, bob 333.00, carol the rest of 1,000.00. */
function fund(world: SmallWorld, loan: string): void {
  world.bid("ann", loan, 300_00);
  world.bid("bob", loan, 333_00);
  world.bid("carol", loan, 367_00);
  world.settle();
}

/**
 * spring: collected on its day, late with a penalty, paid in part and in full, early in part twice,
 * early in full with something to give back. summer: never repaid, in default, written off, and
 * recovered in part. autumn: takes bids.
 */
export function repaidWorld(): SmallWorld {
  const world = new SmallWorld(2, homeOf);
  for (const id of ["ann", "bob", "carol"]) world.open(id, 2_000_00);
  world.open("borrower", 100_00);
  world.list("spring", LENDING);
  world.list("summer", { ...LENDING, borrowerId: "dora", method: "bullet_days", term: 30 });
  world.list("autumn", { ...LENDING, borrowerId: "erik", principalCents: 2_000_00 });
  world.settle();
  fund(world, "spring");
  fund(world, "summer");
  world.seal();
  // Dora has spent what she got: it is reserved for something else.
  world.bid("dora", "autumn", 900_00);
  world.repay("ann", "spring", 1_00);
  world.repay("borrower", "spring", 1_00);
  world.settle();
  const firstDue = world.wantedBy("spring")!;
  world.advance(firstDue);
  world.acknowledge();
  world.takeOver();
  payLate(world, firstDue);
  payEarly(world);
  world.advance(START_DAY + 30 + 95);
  writeOff(world);
  world.acknowledge();
  return world;
}

/** Returned once, then confirmed; what the borrower finds afterwards goes to the holders. */
function writeOff(world: SmallWorld): void {
  const ask = (by: string, type: string, fields: Record<string, unknown>): void => {
    const to = { kind: "loan", id: loanId("summer") } as const;
    const { refusal } = world.request(to, { type, loanId: "summer", by, ...fields });
    if (refusal !== undefined) throw new Error(`${type} by ${by}: ${refusal}`);
  };
  ask("oda", "ProposeWriteOff", { reason: "no answer" });
  ask("otto", "DecideWriteOff", { proposal: 1, answer: "return", reason: "ask again" });
  ask("oda", "ProposeWriteOff", { reason: "insolvent" });
  ask("otto", "DecideWriteOff", { proposal: 2, answer: "confirm", reason: null });
  deposit(world, 400_00, "dora");
  world.repay("dora", "summer", 150_00);
  world.settle();
  world.advance(world.day + 1);
}

function payLate(world: SmallWorld, firstDue: number): void {
  world.bid("borrower", "autumn", 800_00);
  world.settle();
  world.legsPerRecord = 1;
  const secondDue = world.wantedBy("spring")!;
  world.advance(secondDue + 10);
  world.repay("borrower", "spring", 1_00, "early_full");
  deposit(world, 300_00);
  world.repay("borrower", "spring", 29);
  world.repay("borrower", "spring", 20_00);
  world.settle();
  world.advance(secondDue + 11);
  world.outOfService.add("bob");
  world.request({ kind: "account", id: "borrower" as never }, { type: "CancelBid", bidId: 1 });
  world.settle();
  world.advance(secondDue + 12);
  world.mend();
  world.settle();
  world.seal();
  if (firstDue >= secondDue) throw new Error("instalments have days of their own");
}

function payEarly(world: SmallWorld): void {
  deposit(world, 1_000_00);
  world.repay("borrower", "spring", 100_00, "early_keep_term");
  world.settle();
  world.advance(world.day + 2);
  world.repay("borrower", "spring", 50_00, "early_keep_instalment");
  world.repay("borrower", "spring", 100_00, "early_keep_instalment");
  world.repay("borrower", "spring", 3_00, "early_full");
  world.settle();
  world.advance(world.day + 1);
  world.repay("borrower", "spring", 600_00, "early_full");
  world.settle();
  world.repay("borrower", "spring", 1_00);
  world.settle();
}

function deposit(world: SmallWorld, amountCents: number, id = "borrower"): void {
  world.deposit(id, amountCents);
}
