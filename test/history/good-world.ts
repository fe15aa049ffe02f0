// One history with everything in it that the actors can do, over two shards, for tests to spoil.

import type { Address } from "../../actors/address.ts";
import { SmallWorld, START_MS } from "./small-world.ts";

/** Two shards with actors that talk across: spring and ann in one, the others in the other. */
const FIRST = new Set(["spring", "ann", "autumn", "kiln"]);
export function homeOf({ id }: Address): number {
  return FIRST.has(id) ? 0 : 1;
}

/**
 * A loan that fills and is collected, one that expires, one that is cancelled, one that is still
 * listed; one that was applied for and listed, one that was rejected, one withdrawn, one that is
 * still a draft.
 */
export function goodWorld(): SmallWorld {
  const world = new SmallWorld(2, homeOf);
  for (const id of ["ann", "bob", "carol", "borrower"]) world.open(id, 1_000_00);
  world.list("spring");
  world.list("summer", { lenderCapCents: 200_00, closesAtMs: START_MS + 500 });
  world.list("autumn", { cancellable: false });
  world.settle();
  world.seal();
  world.bid("ann", "spring", 300_00);
  world.bid("bob", "spring", 400_00);
  world.bid("carol", "spring", 100_00);
  world.bid("borrower", "spring", 100_00);
  world.settle();
  world.request({ kind: "account", id: "carol" as never }, { type: "CancelBid", bidId: 1 });
  world.settle();
  world.acknowledge();
  world.seal();
  world.takeOver();
  world.bid("carol", "spring", 900_00, "upTo");
  world.bid("bob", "spring", 200_00);
  world.bid("ann", "summer", 200_00);
  world.bid("bob", "summer", 100_00);
  world.bid("ann", "autumn", 150_00);
  world.bid("bob", "autumn", 10_000_00);
  world.settle();
  world.confirm("spring");
  world.settle();
  world.nowMs = START_MS + 600;
  world.ring("summer");
  world.settle();
  world.list("winter");
  world.bid("ann", "winter", 100_00);
  world.bid("bob", "winter", 200_00);
  world.settle();
  world.cancel("winter");
  world.settle();
  applications(world);
  world.acknowledge();
  return world;
}

const ASKED = { purpose: "a kiln", method: "bullet", term: 12, rateBps: 900 };
const APPROVAL = {
  verdict: "approve",
  grade: "B",
  rateBps: 1_080,
  basisDays: null,
  originationFeeBps: 150,
  serviceFeeBps: 1_000,
  earlyFeeBps: null,
  graceDays: 3,
  penaltyPpm: 500,
  reason: null,
};

function applications(world: SmallWorld): void {
  const borrower = { kind: "account", id: "borrower" as never } as const;
  for (const id of ["kiln", "barn", "boat", "cart", "spring"]) {
    const create = { type: "CreateApplication", loanId: id, amountCents: 500_00, ...ASKED };
    world.request(borrower, create);
    world.settle();
  }
  const of = (id: string, by: string, type: string, fields: object = {}) => {
    world.request({ kind: "loan", id: id as never }, { type, loanId: id, by, ...fields });
    world.settle();
  };
  const document = { mediaType: "application/pdf", sizeBytes: 10, documentHash: "a".repeat(64) };
  of("kiln", "borrower", "UpdateApplication", { ...ASKED, amountCents: 500_00, term: 24 });
  of("kiln", "borrower", "AttachDocument", { name: "statement", ...document });
  for (const id of ["kiln", "barn"]) of(id, "borrower", "SubmitApplication");
  of("kiln", "borrower", "SubmitApplication");
  of("boat", "borrower", "WithdrawApplication");
  of("kiln", "rita", "ProposeReview", { ...APPROVAL, rateBps: 100 });
  const judge = { answer: "confirm", reason: null };
  of("kiln", "rita", "DecideReview", { ...judge, proposal: 1 });
  of("kiln", "sam", "DecideReview", { answer: "return", reason: "too cheap", proposal: 1 });
  of("kiln", "rita", "ProposeReview", APPROVAL);
  of("kiln", "sam", "DecideReview", { ...judge, proposal: 2 });
  of("kiln", "borrower", "SignContract", { contractHash: world.contractHashOf("kiln") });
  const rejection = { ...APPROVAL, verdict: "reject", reason: "no income" };
  of("barn", "rita", "ProposeReview", rejection);
  of("barn", "sam", "DecideReview", { ...judge, proposal: 1 });
  of("kiln", "ops", "PublishLoan", {
    stepCents: 1_00,
    minBidCents: 100_00,
    lenderCapCents: null,
    opensAtMs: null,
    closesAtMs: START_MS + 1_000_000,
    cancellable: true,
    disbursesAtOnce: null,
  });
}
