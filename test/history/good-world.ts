// One history with everything in it that the actors can do, over two shards, for tests to spoil.

import type { Address } from "../../actors/address.ts";
import { SmallWorld, START_MS } from "./small-world.ts";

/** Two shards with actors that talk across: spring and ann in one, the others in the other. */
const FIRST = new Set(["spring", "ann", "autumn"]);
export function homeOf({ id }: Address): number {
  return FIRST.has(id) ? 0 : 1;
}

/** A loan that fills and is collected, one that expires, one that is still listed. */
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
  world.acknowledge();
  return world;
}
