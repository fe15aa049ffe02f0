// One history of a loan that defaults and is cured, over two shards, for tests to spoil.

import { accountId, loanId } from "../../actors/address.ts";
import { homeOf } from "./good-world.ts";
import { LENDING } from "./repaid-world.ts";
import { SmallWorld } from "./small-world.ts";

/**
 * winter: 91 days late, in default, proposed for a write-off; a part of what is due is collected a
 * day later, the rest on the day after. autumn: where its borrower has put the money.
 */
export function curedWorld(): SmallWorld {
  const world = new SmallWorld(2, homeOf);
  world.open("ann", 2_000_00);
  world.list("winter", { ...LENDING, borrowerId: "dora", term: 12 });
  world.list("autumn", { ...LENDING, borrowerId: "erik", principalCents: 2_000_00 });
  world.bid("ann", "winter", 1_000_00);
  world.settle();
  world.bid("dora", "autumn", 990_00);
  world.settle();
  world.advance(world.wantedBy("winter")! + 91);
  const fields = { type: "ProposeWriteOff", loanId: "winter", by: "oda", reason: "no answer" };
  world.request({ kind: "loan", id: loanId("winter") }, fields);
  for (const amountCents of [10_00, 900_00]) {
    const reference = `r-${amountCents}`;
    const deposit = { type: "Deposit", accountId: "dora", amountCents, reference };
    world.request({ kind: "account", id: accountId("dora") }, deposit);
    world.advance(world.day + 1);
  }
  world.settle();
  world.acknowledge();
  return world;
}
