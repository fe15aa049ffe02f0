// What is measured of repayments: how many a second with one or many in flight, and how long until
// the last lender of one has its push.

import { setTimeout as delay } from "node:timers/promises";
import { decodeMsgpackReply } from "../../src/protocol/decode-reply.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackReader } from "../../src/protocol/msgpack-reader.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { ENTRY_KINDS, PUSHES } from "../../src/protocol/table.ts";
import { partToRepayCents, type FanoutLoan } from "./planned-loans.ts";
import { LatencyRecorder, mergeLatencies, type Latencies } from "../driver/latency.ts";
import { cpuMsOf, sumOrNull } from "../machine/process-cpu.ts";
import { openSocket, type Endpoint, type RawSocket } from "../driver/raw-socket.ts";
import { RequestPipe } from "../driver/request-pipe.ts";
import type { Tokens } from "../driver/tokens.ts";
import { FrameError, OPCODE, encodeFrame } from "../driver/websocket-frames.ts";
import type { Target } from "../bench/phases.ts";
import { CONNECTS_AT_ONCE, eachAtOnce } from "../driver/at-once.ts";

/** What borrowers were told of all their repayments, loan by loan. */
export interface Told {
  repayments: number;
  principalCents: number;
  incomeCents: number;
}

export class Borrower {
  readonly loan: FanoutLoan;
  readonly told: Told = { repayments: 0, principalCents: 0, incomeCents: 0 };
  readonly #pipe: RequestPipe;

  private constructor(loan: FanoutLoan, pipe: RequestPipe) {
    this.loan = loan;
    this.#pipe = pipe;
  }

  static async connect(endpoint: Endpoint, tokens: Tokens, loan: FanoutLoan): Promise<Borrower> {
    const subprotocols = tokens.subprotocols(loan.borrowerId, "client");
    return new Borrower(loan, await RequestPipe.open(endpoint, subprotocols, 1));
  }

  /** A little, early, the term kept. */
  async repay(): Promise<void> {
    const { loanId } = this.loan;
    const amountCents = partToRepayCents(this.loan, this.told.repayments);
    await this.#pipe.send({
      operation: "loan.repay",
      count: 1,
      fields: () => ({ loanId, amountCents, mode: "early_keep_term" }),
      onReply: (_, reply) => {
        this.told.repayments++;
        this.told.principalCents += reply["principalCents"] as number;
        this.told.incomeCents += reply["interestCents"] as number;
      },
    });
  }

  close(): void {
    this.#pipe.close();
  }
}

export interface FanoutFigures {
  readonly inFlight: number;
  readonly repaymentsPerSecond: number;
  /** Legs: one lender credited with principal, interest and fee each, durably. */
  readonly postingsPerSecond: number;
  readonly latencies: Latencies;
  /** Microseconds of the process for each leg; null where the system does not tell. */
  readonly serverCpuUs: number | null;
  readonly redisCpuUs: number | null;
}

export interface FanoutTiming {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** A closed loop: as many borrowers repay at the same time, each its own loan, round and round. */
export async function measureRepayments(
  borrowers: readonly Borrower[],
  inFlight: number,
  target: Target,
  { warmUpMs, measuredMs }: FanoutTiming,
): Promise<FanoutFigures> {
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + measuredMs;
  const recorder = new LatencyRecorder();
  let repayments = 0;
  const before = delay(warmUpMs).then(() => mark(target));
  const after = delay(warmUpMs + measuredMs).then(() => mark(target));
  const lanes = Math.min(inFlight, borrowers.length);
  // Each lane has borrowers of its own: nobody repays twice at once.
  const lane = async (first: number): Promise<void> => {
    let at = first;
    for (let nowMs = performance.now(); nowMs < untilMs;) {
      const borrower = borrowers[at]!;
      at = at + lanes < borrowers.length ? at + lanes : first;
      await borrower.repay();
      const doneMs = performance.now();
      if (doneMs >= fromMs && doneMs < untilMs) {
        repayments++;
        recorder.record(doneMs - nowMs);
      }
      nowMs = doneMs;
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
  const [from, to] = await Promise.all([before, after]);
  const seconds = (to.atMs - from.atMs) / 1_000;
  const legs = to.legs - from.legs;
  const perLeg = (a: number | null, b: number | null): number | null =>
    a === null || b === null || legs === 0 ? null : Number((((b - a) * 1_000) / legs).toFixed(3));
  return {
    inFlight: lanes,
    repaymentsPerSecond: Math.round((repayments * 1_000) / measuredMs),
    postingsPerSecond: Math.round(legs / seconds),
    latencies: mergeLatencies([recorder.encode()]),
    serverCpuUs: perLeg(from.serverCpuMs, to.serverCpuMs),
    redisCpuUs: perLeg(from.redisCpuMs, to.redisCpuMs),
  };
}

interface Mark {
  readonly atMs: number;
  readonly legs: number;
  readonly serverCpuMs: number | null;
  readonly redisCpuMs: number | null;
}

/**
 * Legs are counted where they become durable: an answered repayment may still have some to come.
 */
async function mark(target: Target): Promise<Mark> {
  const legs = await durableLegs(target);
  return {
    atMs: performance.now(),
    legs,
    serverCpuMs: cpuMsOf(target.pid),
    redisCpuMs: sumOrNull(target.redisPids.map(cpuMsOf)),
  };
}

/** Legs that were ever booked by this server, by its metric. */
export async function durableLegs({ endpoint }: Pick<Target, "endpoint">): Promise<number> {
  const { host, port } = endpoint;
  const answer = await fetch(`http://${host}:${port}/metrics`);
  const legs = /^loanloom_repayment_legs_total (\d+)/m.exec(await answer.text())?.[1];
  if (legs === undefined) throw new Error("the server does not count legs");
  return Number(legs);
}

const RECEIVED = ENTRY_KINDS.indexOf("repayment_received");

/** Counts what lenders are pushed of repayments; nothing else of a push is looked at. */
export class Watchers {
  received = 0;
  readonly #sockets: RawSocket[] = [];
  readonly #reader = new MsgpackReader();
  #wanted = Infinity;
  #resolve: () => void = () => undefined;
  #failed: Error | null = null;

  static async open(
    endpoint: Endpoint,
    tokens: Tokens,
    lenders: readonly string[],
  ): Promise<Watchers> {
    const watchers = new Watchers();
    await eachAtOnce(lenders, CONNECTS_AT_ONCE, (lender) =>
      watchers.#watch(endpoint, tokens.subprotocols(lender, "client")),
    );
    return watchers;
  }

  async #watch(endpoint: Endpoint, subprotocols: readonly string[]): Promise<void> {
    const writer = new MsgpackWriter(64);
    encodeRequest(writer, "account.watch", 1, { accountId: null, after: null });
    let answered: () => void = () => undefined;
    const answer = new Promise<void>((resolve) => (answered = resolve));
    const socket = await openSocket(endpoint, subprotocols, {
      onBeforeRead: () => {},
      onMessage: (bytes, from, to) => {
        if (!this.#push(bytes, from, to)) {
          const message = decodeMsgpackReply(bytes.subarray(from, to));
          if (message.kind !== "reply") throw new FrameError(`${message.kind} for a watch`);
          answered();
        }
      },
      onRead: () => {
        if (this.received >= this.#wanted) this.#resolve();
      },
      onClose: (reason) => {
        this.#failed = new Error(`a watcher's connection: ${reason}`);
        this.#resolve();
      },
    });
    this.#sockets.push(socket);
    socket.send(encodeFrame(OPCODE.binary, writer.view()));
    await answer;
  }

  /** False for anything but an entry. */
  #push(bytes: Uint8Array, from: number, to: number): boolean {
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.at = from;
    reader.end = to;
    reader.arrayLength();
    if (reader.integer() !== -PUSHES["account.entry"].number) return false;
    const idSize = reader.stringLength();
    reader.at += idSize;
    reader.integer(); // entry
    reader.integer(); // at
    if (reader.integer() === RECEIVED) this.received++;
    return true;
  }

  /** Resolves when so many more have come. */
  async next(count: number): Promise<void> {
    const wanted = this.received + count;
    if (this.#failed !== null) throw this.#failed;
    await new Promise<void>((resolve) => {
      this.#wanted = wanted;
      this.#resolve = resolve;
    });
    this.#wanted = Infinity;
    if (this.#failed !== null) throw this.#failed;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** One repayment at a time on a quiet server: from the request to the push of the last lender. */
export async function measureLastPush(
  borrower: Borrower,
  watchers: Watchers,
  repayments: number,
): Promise<Latencies> {
  const recorder = new LatencyRecorder();
  const WARM_UP = 20;
  for (let n = 0; n < repayments + WARM_UP; n++) {
    const sentMs = performance.now();
    const allPushed = watchers.next(borrower.loan.lenders.length);
    const [, lastMs] = await Promise.all([
      borrower.repay(),
      allPushed.then(() => performance.now()),
    ]);
    if (n >= WARM_UP) recorder.record(lastMs - sentMs);
    await delay(5);
  }
  return mergeLatencies([recorder.encode()]);
}
