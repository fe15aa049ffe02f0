// One client process at work: it sends each request when it is due, whatever became of those before
// it, and writes everything down. In a closed loop a connection sends its next request when one was
// answered. It must never wait for the server before it sends what an open loop has planned.

import { requestIdFromBytes } from "../../actors/address.ts";
import type { ServerMessage } from "../../src/protocol/decode-reply.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { errorNumber } from "../../src/protocol/errors.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import type { OperationName } from "../../src/protocol/table.ts";
import { Identities } from "../driver/identities.ts";
import { LatencyHistogram } from "../driver/latency.ts";
import { REQUEST_ID_BYTES, RequestIds } from "../driver/request-ids.ts";
import { FLAG, RequestLog } from "../driver/request-log.ts";
import { OPCODE, encodeFrame } from "../driver/websocket-frames.ts";
import { HOT_LOAN, Requests, type PlannedRequest } from "../scenarios/requests.ts";
import { REPAY } from "../scenarios/scenario.ts";
import { namesOf, type Names } from "../scenarios/world.ts";
import { NO_CROWD, type ClientJob, type ClientProgress, type ClientResult } from "./client-job.ts";
import { closedLoop, openLoop, type Loop, type LoopParts } from "./loops.ts";
import { Session, type SessionOwner } from "./session.ts";
import { figuresOf } from "./tallies.ts";
import { wireRequest } from "./wire-request.ts";
import { CpuMeter, pause, type Worker } from "./worker.ts";
import { CONNECTS_AT_ONCE, eachAtOnce } from "../driver/at-once.ts";

const BIDS_KEPT_MAX = 64;
const VIOLATIONS_KEPT_MAX = 100;
/** Ids of requests that are none of the plan's: opening a watch, the first ping. */
const SET_UP_IDS_FROM = 0x8000_0000;

export class OpenClient implements SessionOwner, Worker {
  readonly #job: ClientJob;
  readonly #names: Names;
  readonly #identities: Identities;
  readonly #loop: Loop;
  readonly #log = new RequestLog();
  readonly #ids = new RequestIds();
  readonly #idBytes = Buffer.alloc(REQUEST_ID_BYTES);
  readonly #writer = new MsgpackWriter(256);
  readonly #lenders = new Map<number, Session>();
  readonly #borrowers = new Map<number, Session>();
  readonly #cpu = new CpuMeter();
  readonly #setUps = new Map<number, (message: ServerMessage) => void>();
  readonly #violations: string[] = [];
  readonly #pushLag = new LatencyHistogram();
  readonly #cancels: boolean;
  #setUpId = SET_UP_IDS_FROM;
  #inFlight = 0;
  #answered = 0;
  #refused = 0;
  #connectionsLost = 0;
  #startedAt = 0;
  #isOver = false;
  #isClosing = false;
  #onLost: (error: Error) => void = () => undefined;
  #onOver: () => void = () => undefined;
  #onDrained: () => void = () => undefined;
  #untilMs = 0;
  #endMs = 0;

  constructor(job: ClientJob) {
    this.#job = job;
    const { plan, part, parts } = job;
    this.#identities = new Identities(job.identity);
    this.#names = namesOf(job.prefix, this.#identities.names);
    const loop: LoopParts = {
      requests: new Requests(plan, part, parts),
      plan,
      elapsedMs: () => this.#elapsedMs(),
      isOver: () => this.#isOver,
      send: (request) => this.#send(request),
    };
    const clients = this.#own(Math.max(plan.sizes.lenders, plan.sizes.paidOutLoans));
    this.#loop =
      job.closedInFlight === null ? openLoop(loop) : closedLoop(loop, job.closedInFlight, clients);
    this.#cancels = plan.segments.some(
      ({ cumulativeMix }) => cumulativeMix[1]! > cumulativeMix[0]!,
    );
  }

  get progress(): ClientProgress {
    let connections = 0;
    for (const session of this.#sessions()) if (session.isOpen) connections++;
    const { count } = this.#log;
    return { sent: count, answered: this.#answered, refused: this.#refused, connections };
  }

  /** Connects everybody; watchers have their snapshots when it resolves. */
  async connect(): Promise<void> {
    const { plan } = this.#job;
    const wanted: (() => Promise<void>)[] = [];
    for (const at of this.#own(plan.sizes.lenders)) {
      wanted.push(() => this.#open(this.#lenders, at, this.#names.lender(at)));
    }
    for (const at of this.#own(plan.sizes.paidOutLoans)) {
      wanted.push(() => this.#open(this.#borrowers, at, this.#names.borrower(at)));
    }
    const lost = new Promise<never>((_, reject) => (this.#onLost = reject));
    await Promise.race([eachAtOnce(wanted, CONNECTS_AT_ONCE, (connect) => connect()), lost]);
  }

  /** Resolves when the plan is over or was stopped, and what was in flight is answered. */
  async run(startsAtMs: number): Promise<void> {
    const { plan, drainMs } = this.#job;
    // The same instant in all processes, on the clock that never jumps.
    this.#startedAt = startsAtMs - performance.timeOrigin;
    await this.#watchHot();
    await pause(this.#startedAt - performance.now());
    const over = new Promise<void>((resolve) => (this.#onOver = resolve));
    const warm = setTimeout(() => this.#cpu.start(), plan.warmUpMs);
    const end = setTimeout(() => this.stop(), plan.warmUpMs + plan.durationMs);
    this.#loop.start();
    await over;
    for (const timer of [warm, end]) clearTimeout(timer);
    const plannedEndMs = plan.warmUpMs + plan.durationMs;
    this.#untilMs = Math.min(this.#elapsedMs(), plannedEndMs);
    this.#cpu.stop();
    await this.#drained(drainMs);
    this.#endMs = this.#elapsedMs();
  }

  /** After `run`, when nothing more is pushed. */
  result(): ClientResult {
    const { plan, intervalMs } = this.#job;
    const sessions = [...this.#sessions()];
    return {
      role: this.#job.role,
      measuredFromMs: plan.warmUpMs,
      measuredToMs: this.#untilMs,
      ...figuresOf(this.#log, plan, intervalMs, this.#untilMs, this.#endMs),
      cpuMs: this.#cpu.cpuMs,
      cpuOverMs: this.#cpu.cpuOverMs,
      watches: sessions.flatMap(({ watch, isOpen }) =>
        watch === null ? [] : [{ ...watch, cut: !isOpen }],
      ),
      pushes: sessions.reduce((sum, { pushes }) => sum + pushes, 0),
      pushLag: this.#pushLag.take(),
      crowd: NO_CROWD,
      violations: this.#violations,
      connectionsLost: this.#connectionsLost,
    };
  }

  /** Nothing more is sent. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
  }

  close(): void {
    this.#isClosing = true;
    for (const session of this.#sessions()) session.close();
  }

  encodedLog(): Iterable<Uint8Array> {
    return this.#log.encode();
  }

  // ---------------------------------------------------------------- sending

  #send(planned: PlannedRequest): void {
    const { operation, client, loan, fill } = planned;
    const session = operation === REPAY ? this.#borrowers.get(client) : this.#lenders.get(client);
    const log = this.#log;
    if (session === undefined || !session.isOpen) {
      const at = log.add(operation, fill, client, loan, planned.amountCents, planned.atMs);
      return log.mark(at, FLAG.cut);
    }
    const wire = wireRequest(planned, session, this.#names, this.#job.plan.sizes);
    const at = log.add(operation, fill, client, loan, wire.amountCents, planned.atMs);
    let { fields } = wire;
    if (wire.mutates) {
      this.#ids.write(this.#idBytes, 0, Date.now());
      fields = { requestId: requestIdFromBytes(this.#idBytes), ...fields };
      log.mark(at, FLAG.mutating);
    }
    this.#writer.reset();
    encodeRequest(this.#writer, wire.operation, at, fields);
    session.waiting.add(at);
    this.#inFlight++;
    log.sent(at, this.#elapsedMs(), wire.mutates ? this.#idBytes : null, wire.bidId);
    session.send(encodeFrame(OPCODE.binary, this.#writer.view()));
  }

  // ---------------------------------------------------------------- answers

  onAnswer(session: Session, message: Exclude<ServerMessage, { kind: "push" | "unknown" }>): void {
    const { id } = message;
    if (id !== null && id >= SET_UP_IDS_FROM) {
      this.#setUps.get(id)?.(message);
      this.#setUps.delete(id);
      return;
    }
    if (id === null || !session.waiting.delete(id)) {
      const what = message.kind === "error" ? message.code : message.kind;
      return this.onViolation(
        `${session.name} was answered ${what} to nothing it had asked: ${id}`,
      );
    }
    const log = this.#log;
    log.answered(id, this.#elapsedMs(), message.kind === "reply" ? message.position : "");
    this.#answered++;
    this.#inFlight--;
    if (message.kind === "reply") this.#took(session, id, message.operation, message.view);
    else if (message.kind === "error" && message.code !== "unknown_error") {
      this.#refused++;
      log.refused(id, errorNumber(message.code));
    } else this.onViolation(`${session.name} got an answer that is none: ${message.kind}`);
    this.#loop.onAnswer(session.client);
    if (this.#inFlight === 0 && this.#isOver) this.#onDrained();
  }

  #took(
    session: Session,
    at: number,
    operation: OperationName,
    view: Readonly<Record<string, unknown>>,
  ): void {
    const cents = (name: string): number => view[name] as number;
    if (operation === "bid.place") {
      const bidId = cents("bidId");
      this.#log.placed(at, bidId, cents("filledCents"), cents("rank"), cents("remainingCents"));
      if (!this.#cancels || this.#log.loan(at) === HOT_LOAN) return;
      if (session.bids.length === BIDS_KEPT_MAX) session.bids.shift();
      session.bids.push(bidId);
    } else if (operation === "bid.cancel") {
      this.#log.placed(at, cents("bidId"), cents("releasedCents"), 0, 0);
    } else if (operation === "loan.repay") {
      const incomeCents = cents("interestCents") + cents("penaltyCents") + cents("feeCents");
      const returnedCents = cents("returnedCents");
      const clearing = cents("clearing");
      this.#log.placed(at, clearing, cents("principalCents"), incomeCents, returnedCents);
    }
  }

  onClose(session: Session, reason: string): void {
    if (this.#isClosing) return;
    this.#onLost(new Error(`the connection of ${session.name}: ${reason}`));
    this.#connectionsLost++;
    for (const at of session.waiting) this.#log.mark(at, FLAG.cut);
    this.#inFlight -= session.waiting.size;
    session.waiting.clear();
    if (this.#inFlight === 0 && this.#isOver) this.#onDrained();
  }

  onPushLag(lagMs: number): void {
    this.#pushLag.record(lagMs);
  }

  onViolation(text: string): void {
    if (this.#violations.length < VIOLATIONS_KEPT_MAX) this.#violations.push(text);
  }

  // ---------------------------------------------------------------- the rest

  async #open(sessions: Map<number, Session>, client: number, name: string): Promise<void> {
    const session = new Session(this, client, name);
    await session.open(this.#job.endpoint, this.#identities.subprotocols(name, "client"));
    sessions.set(client, session);
    const isLender = sessions === this.#lenders;
    await this.#ask(session, "session.ping", {});
    const { sizes } = this.#job.plan;
    if (!isLender || client >= sizes.watchers) return;
    if (sizes.loans > 0) {
      await this.#ask(session, "loan.watch", { loanId: this.#names.loan(client % sizes.loans) });
    }
    await this.#ask(session, "account.watch", { accountId: null, after: null });
  }

  /** It is listed when everybody is connected, and watched from then on. */
  async #watchHot(): Promise<void> {
    const { hotCents, sizes } = this.#job.plan;
    if (hotCents === 0) return;
    const watchers = [...this.#lenders.values()].filter(({ client }) => client < sizes.watchers);
    const loanId = this.#names.loan(HOT_LOAN);
    await Promise.all(watchers.map((session) => this.#ask(session, "loan.watch", { loanId })));
  }

  #ask(session: Session, operation: OperationName, fields: object): Promise<void> {
    const id = this.#setUpId++;
    this.#writer.reset();
    encodeRequest(this.#writer, operation, id, fields);
    return new Promise((resolve, reject) => {
      this.#setUps.set(id, (message) => {
        if (message.kind !== "reply") {
          const why = message.kind === "error" ? message.code : message.kind;
          return reject(new Error(`${operation} of ${session.name} was refused: ${why}`));
        }
        if (operation === "account.watch") session.watchFrom(message.view);
        resolve();
      });
      session.send(encodeFrame(OPCODE.binary, this.#writer.view()));
    });
  }

  async #drained(drainMs: number): Promise<void> {
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainMs);
      this.#onDrained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  #own(count: number): number[] {
    const { part, parts } = this.#job;
    return Array.from({ length: count }, (_, at) => at).filter((at) => at % parts === part);
  }

  *#sessions(): Generator<Session> {
    yield* this.#lenders.values();
    yield* this.#borrowers.values();
  }
}
