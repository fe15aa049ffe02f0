// A world with one loan that was paid out, for tests of what is read of it.

import { expect } from "vitest";
import { accountId, loanId } from "../../actors/address.ts";
import type { Answer } from "../../src/runtime/port.ts";
import { World, type Draft } from "./world.ts";

export const LENDERS = ["ann", "ben", "cora", "dan", "eve", "fay", "gus"];
export const TERMS = {
  principalCents: 7_000_00,
  method: "equal_instalment",
  term: 12,
  rateBps: 1_200,
  basisDays: 365,
  originationFeeBps: 100,
  serviceFeeBps: 1_000,
  earlyFeeBps: 50,
  graceDays: 3,
  penaltyPpm: 500,
  disbursesAtOnce: true,
};

export class RepaidWorld {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** Seven lenders fill the loan `spring`; the borrower has 2,000.00 besides. */
  static async paidOut(
    shards: number,
    terms: Partial<Record<string, unknown>> = {},
  ): Promise<RepaidWorld> {
    return RepaidWorld.paidOutIn(new World(shards, { journalKeep: "all" }), terms);
  }

  /** The same in a world that did not start yet. */
  static async paidOutIn(
    world: World,
    terms: Partial<Record<string, unknown>> = {},
  ): Promise<RepaidWorld> {
    await world.start();
    const repaid = new RepaidWorld(world);
    await world.openWithMoney("borrower", 2_000_00);
    for (const id of LENDERS) await world.openWithMoney(id, 1_000_00);
    await repaid.lend("spring", 1_000_00, terms);
    return repaid;
  }

  /** Every lender lends as much to a new loan of that name. */
  async lend(id: string, eachCents: number, terms: Partial<Record<string, unknown>> = {}) {
    const { world } = this;
    const principalCents = eachCents * LENDERS.length;
    await world.listLoan(id, { ...TERMS, principalCents, ...terms });
    for (const lender of LENDERS) await world.answered(world.bid(lender, id, eachCents).request);
    await expect.poll(async () => (await this.loan(id)).status).toBe("repaying");
    await this.quiet();
  }

  async loan(id = "spring") {
    const answer = await this.world.ask({ type: "GetLoan", loanId: loanId(id) });
    if (answer.type !== "Loan") throw new Error(`no loan: ${JSON.stringify(answer)}`);
    return answer.view;
  }

  /** The next due dates pass, so many of them. */
  async months(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const { nextDueOn } = await this.loan();
      await this.world.system.advanceTo(nextDueOn!);
      await this.quiet();
    }
  }

  async repay(amountCents: number, mode: string): Promise<Answer> {
    const draft: Draft = { type: "RepayLoan", loanId: loanId("spring"), amountCents, mode };
    const answer = await this.world.ask(draft, "borrower");
    await this.quiet();
    return answer;
  }

  async quiet(): Promise<void> {
    const { world } = this;
    await world.until(() =>
      world.stores.every((_, shard) => {
        const run = world.system.shard(shard).run;
        return run !== null && run.isSettled && run.state.pending.size === 0;
      }),
    );
  }

  /** The view of a read; throws when it is refused. */
  async read<View = Record<string, unknown>>(draft: Draft, self: string | null = null) {
    const answer = await this.world.ask(draft, self);
    if (answer.type !== "Read") throw new Error(`not read: ${JSON.stringify(answer)}`);
    return answer.view as unknown as View;
  }

  async entriesOf(id: string) {
    const draft: Draft = { type: "WatchAccount", accountId: accountId(id), after: 0 };
    const answer = await this.world.ask(draft);
    if (answer.type !== "AccountWatched") throw new Error(`no account ${id}`);
    return answer.view.entries;
  }
}
