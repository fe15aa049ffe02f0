// Whose receipts are asked for next, how many may wait, and who is closed when too many do.

import { describe, expect, test } from "vitest";
import { accountId, loanId, type AccountId } from "../../actors/address.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import { Allowance } from "../../src/gateway/allowances.ts";
import { createGatewayCounters } from "../../src/gateway/counters.ts";
import { FrameSender } from "../../src/gateway/frame-sender.ts";
import { Questions } from "../../src/gateway/questions.ts";
import {
  ReceiptPushes,
  RECEIPTS_PER_SESSION_MAX,
  RECEIPTS_WAITING_MAX,
} from "../../src/gateway/receipt-pushes.ts";
import { Session, type Socket } from "../../src/gateway/session.ts";
import type { NoticeWaiter, Request, Runtime } from "../../src/runtime/port.ts";

const ANN = accountId("ann");
const clock = { wallMs: () => 0, monotonicMs: () => 0 };

function repaid(entry: number): Entry {
  return {
    kind: "repayment_received",
    entry,
    loanId: loanId("spring"),
    clearing: entry,
  } as unknown as Entry;
}

class Bench {
  readonly counters = createGatewayCounters();
  /** What was asked of the loan and not yet answered. */
  readonly asked: Request[] = [];
  readonly closed: string[] = [];
  readonly receipts: ReceiptPushes;

  constructor() {
    const runtime = { submit: (request: Request) => void this.asked.push(request) };
    this.receipts = new ReceiptPushes({
      clock,
      counters: this.counters,
      sender: new FrameSender(this.counters),
      questions: new Questions(runtime as unknown as Runtime, clock, 1_000, 1),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  session(name: string): Session {
    const session = new Session(true, "", 0);
    const end = (): void => {
      this.closed.push(name);
      session.socket = undefined;
      this.receipts.closed(session);
    };
    session.socket = { end, close: end } as unknown as Socket;
    return session;
  }

  offer(session: Session, account: AccountId, from: number, count: number): void {
    for (let n = 0; n < count; n++) this.receipts.offer(session, account, repaid(from + n));
  }

  /** Answers all that is asked, in its order and until nothing more is, and tells who asked. */
  async served(): Promise<string[]> {
    const order: string[] = [];
    // Who is answered makes room a moment later.
    for (let idle = 0; idle < 3; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.asked.length > 0) idle = 0;
      const asked = this.asked.splice(0);
      for (const { command, session } of asked) {
        order.push((command as { readonly accountId: string }).accountId);
        const refused = { type: "Refused", code: "loan_not_found" } as const;
        (session as NoticeWaiter)(refused, "");
      }
    }
    return order;
  }
}

describe("Receipts that wait", () => {
  test("are asked for once, however often their entries go to the session", async () => {
    const bench = new Bench();
    const session = bench.session("ann");
    for (let n = 0; n < 50; n++) bench.offer(session, ANN, 1, 64);
    bench.offer(bench.session("another"), ANN, 1, 1);
    expect(await bench.served()).toHaveLength(65);
    bench.offer(session, ANN, 1, 1);
    expect(await bench.served()).toHaveLength(1);
  });

  test("are served by session in turn: many of one keep nobody waiting", async () => {
    const bench = new Bench();
    bench.offer(bench.session("many"), accountId("many"), 1, 1_000);
    bench.offer(bench.session("few"), accountId("few"), 1, 3);
    const order = await bench.served();
    expect(order).toHaveLength(1_003);
    expect(order.slice(0, 6)).toEqual(["many", "few", "many", "few", "many", "few"]);
  });

  test("are forgotten with their session", async () => {
    const bench = new Bench();
    const session = bench.session("ann");
    bench.offer(session, ANN, 1, 500);
    session.end(1000, "");
    expect(await bench.served()).toEqual([]);
    bench.offer(session, ANN, 1, 1);
    expect(await bench.served()).toEqual([]);
  });

  test("close the session for which too many do, and no other", async () => {
    const bench = new Bench();
    const [many, few] = [bench.session("many"), bench.session("few")];
    bench.offer(many, accountId("many"), 1, RECEIPTS_PER_SESSION_MAX + 1);
    bench.offer(few, accountId("few"), 1, 1);
    expect(await bench.served()).toEqual(["few"]);
    expect(bench.closed).toEqual(["many"]);
  });

  test("close the session for which most do when all together are too many", async () => {
    const bench = new Bench();
    const sessions = RECEIPTS_WAITING_MAX / RECEIPTS_PER_SESSION_MAX;
    const each = RECEIPTS_PER_SESSION_MAX - 1;
    for (let n = 0; n < sessions; n++) {
      bench.offer(bench.session(`${n}`), ANN, 1, n === 3 ? each + 1 : each);
    }
    const last = bench.session("last");
    bench.offer(last, accountId("last"), 1, sessions - 1);
    expect(bench.closed).toEqual([]);
    bench.offer(last, accountId("last"), 100, 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.closed).toEqual(["3"]);
    expect(last.socket).toBeDefined();
  });

  test("of entries from before are taken from the allowance, one each", () => {
    const bench = new Bench();
    const session = bench.session("ann");
    session.allowance = new Allowance("client:ann", 1, 100, 0);
    const deposit = { ...repaid(1), kind: "deposit" } as unknown as Entry;
    const entries = Array.from({ length: 64 }, (_, n) => repaid(n + 2));
    bench.receipts.offerAgain(session, ANN, [deposit, ...entries]);
    for (let n = 0; n < 36; n++) expect(session.allowance.take(0)).toBe(0);
    expect(session.allowance.take(0)).toBeGreaterThan(0);
    // Also when they wait already: the entries were sent again.
    bench.receipts.offerAgain(session, ANN, entries);
    expect(session.allowance.take(0)).toBe(65_000);
  });
});
