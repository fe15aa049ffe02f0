// Seeded histories on real actors, real shells and real recovery, over journals in memory: random
// requests, random acknowledgements, crashes at random moments with a random part of what was in
// flight durable, small snapshots and short idle times. After each history the invariants hold.

import { describe, expect, it } from "vitest";
import { accountId, loanId, type RequestId } from "../../actors/address.ts";
import type { Answer, Request } from "../../src/runtime/port.ts";
import { World, type Draft } from "../support/world.ts";
import { compareWithReplay, randomOfHistory, settle } from "./seeded.ts";

const SEEDS = Number(process.env["SIMULATION_SEEDS"] ?? 60);

interface Sent {
  readonly draft: Draft;
  readonly lender: string;
  readonly requestId: RequestId;
  requests: Request[];
}

const LENDERS = Array.from({ length: 12 }, (_, n) => `lender-${n}`);
const LOANS = ["l-1", "l-2", "l-3"];
const DEPOSIT_CENTS = 2_000_00;

async function history(seed: number, shards: number) {
  const random = randomOfHistory(seed);
  const world = await new World(shards, {
    checkpointMs: 1,
    idleMs: 5,
    turnItemsMax: 3,
    journalKeep: "all",
  }).start();
  for (const id of LENDERS) await world.openWithMoney(id, DEPOSIT_CENTS);
  for (const id of LOANS) await world.listLoan(id, { principalCents: 3_000_00 });
  world.auto = false;
  const sent: Sent[] = [];
  let crashes = 0;
  for (let step = 0; step < 120; step++) {
    const choice = random(100);
    const lender = LENDERS[random(LENDERS.length)]!;
    if (choice < 60) {
      const fill = random(2) === 0 ? "exact" : "upTo";
      const amountCents = (1 + random(8)) * 100_00;
      const loan = LOANS[random(LOANS.length)]!;
      const more = { type: "PlaceBid" as const, loanId: loanId(loan), amountCents, fill };
      const draft: Draft = { ...more, minCents: null };
      const { request, requestId } = world.submit(draft, lender);
      sent.push({ draft, lender, requestId, requests: [request] });
    } else if (choice < 66) {
      const draft: Draft = { type: "CancelBid", bidId: 1 + random(4) };
      const { request, requestId } = world.submit(draft, lender);
      sent.push({ draft, lender, requestId, requests: [request] });
    } else if (choice < 72 && sent.length > 0) {
      const repeat = sent[random(sent.length)]!;
      const draft = { ...repeat.draft, requestId: repeat.requestId };
      repeat.requests.push(world.submit(draft, repeat.lender).request);
    } else if (choice < 90) {
      for (const journal of world.journals) if (random(2) === 0) journal.acknowledge(random(4));
      await world.turns(random(4));
    } else if (choice < 95) {
      await new Promise((resolve) => setTimeout(resolve, random(30)));
    } else if (choice < 97) {
      crashes++;
      await world.crash(world.stores.map(() => random(4)));
    } else {
      await world.turns(random(10));
    }
  }
  world.auto = true;
  // Those who got no answer ask again, as clients do; now everybody gets one.
  for (const each of sent) {
    const draft = { ...each.draft, requestId: each.requestId };
    const { request } = world.submit(draft, each.lender);
    each.requests.push(request);
    await world.answered(request);
  }
  await settle(world);
  return { world, sent, crashes };
}

function told(answers: readonly (Answer | undefined)[]): Answer[] {
  return answers.filter((answer) => answer !== undefined && answer.type !== "Failed") as Answer[];
}

async function check(world: World, sent: readonly Sent[]): Promise<{ placed: number }> {
  let placed = 0;
  const filled = new Map<string, number>();
  for (const { requests, draft } of sent) {
    const answers = told(requests.map((request) => world.answerTo(request)));
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const [answer] = answers;
    if (answer?.type === "BidPlaced") {
      placed++;
      const loan = draft["loanId"] as string;
      filled.set(loan, (filled.get(loan) ?? 0) + answer.filledCents);
    }
  }
  let held = 0;
  for (const id of LENDERS) {
    const answer = await world.ask({ type: "GetAccount", accountId: accountId(id) });
    if (answer.type !== "Account") throw new Error("an account answers");
    const { availableCents, heldCents } = answer.view;
    expect(availableCents + heldCents).toBe(DEPOSIT_CENTS);
    held += heldCents;
  }
  let raised = 0;
  for (const id of LOANS) {
    const answer = await world.ask({ type: "GetLoan", loanId: loanId(id) });
    if (answer.type !== "Loan") throw new Error("a loan answers");
    expect(answer.view.raisedCents).toBeLessThanOrEqual(answer.view.principalCents);
    expect(answer.view.raisedCents).toBeLessThanOrEqual(filled.get(id) ?? 0);
    raised += answer.view.raisedCents;
  }
  expect(held).toBe(raised);
  expect(world.gauges().trialBalanceDifferenceCents).toBe(0);
  return { placed };
}

describe.each([1, 3])("Crashes with %i shards", (shards) => {
  it(`${SEEDS} seeded histories keep every invariant`, { timeout: 240_000 }, async () => {
    let crashes = 0;
    let placed = 0;
    let loaded = 0;
    let passivated = 0;
    for (let seed = Number(process.env["FROM"] ?? 1); seed <= SEEDS; seed++) {
      try {
        const past = await history(seed, shards);
        ({ crashes, placed } = {
          crashes: crashes + past.crashes,
          placed: placed + (await check(past.world, past.sent)).placed,
        });
        await compareWithReplay(past.world);
        loaded += past.world.counters.loaded;
        passivated += past.world.counters.passivated;
        await past.world.stop();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    // The histories were not trivial.
    expect(crashes).toBeGreaterThan(SEEDS);
    expect(placed).toBeGreaterThan(SEEDS * 5);
    expect(passivated).toBeGreaterThan(0);
    expect(loaded).toBeGreaterThan(0);
  });
});
