import { describe, expect, it } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import { shardOf } from "../../src/runtime/shard-of.ts";

describe("shardOf", () => {
  it("never changes: these are in journals", () => {
    const of = (id: string) => shardOf({ kind: "account", id: accountId(id) }, 16);
    expect(["a", "alice", "lender-0001", "lender-0002", "0"].map(of)).toMatchInlineSnapshot(`
      [
        6,
        10,
        1,
        2,
        15,
      ]
    `);
    expect(shardOf({ kind: "loan", id: loanId("alice") }, 16)).toMatchInlineSnapshot(`12`);
  });

  it("spreads near ids evenly", () => {
    const counts = new Array<number>(8).fill(0);
    for (let n = 0; n < 80_000; n++) {
      counts[shardOf({ kind: "account", id: accountId(`lender-${n}`) }, 8)]!++;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
