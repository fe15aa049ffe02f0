// Bids through the real runtime and actors, in this process, without sockets and without Redis.

import { performance } from "node:perf_hooks";
import type { AccountId, LoanId } from "../../actors/address.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { RequestIds } from "../../src/client/request-id.ts";
import { RecordCodec } from "../../src/journal/records.ts";
import { assert } from "../../src/money/assert.ts";
import { decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import type { OperationName } from "../../src/protocol/table.ts";
import { createRuntimeCounters } from "../../src/runtime/counters.ts";
import { systemClock, systemScheduler, TurnClock } from "../../src/runtime/environment.ts";
import { RUNTIME_LIMITS } from "../../src/runtime/limits.ts";
import type { ActorCommand, Answer } from "../../src/runtime/port.ts";
import { Chance } from "../../src/simulation/random.ts";
import { System } from "../../src/runtime/system.ts";
import { DiscardingJournal } from "./discarding-journal.ts";

export interface CoreOptions {
  readonly accounts: number;
  readonly loans: number;
  readonly inFlight: number;
  readonly bids: number;
}

export interface CoreFigures {
  /** CPU of the process, collections included, in microseconds a bid. */
  readonly cpuUs: number;
  readonly bidsPerSecond: number;
}

const SHARE_OF_WARM_UP = 0.3;
const SET_UP_IN_FLIGHT = 2_000;
const DEPOSIT_CENTS = 900_000_000_000;
const PRINCIPAL_CENTS = 1_000_000_000_000;
const BID_CENTS = 10_000;
const LISTED_FOR_MS = 86_400_000;
const FIRST_ID_MS = 1_700_000_000_000;
const SEED = 7;
const OPERATOR = "operator" as AccountId;

/** One run in a fresh world; a process should have no more than one, as a server has. */
export async function measureCore(options: CoreOptions): Promise<CoreFigures> {
  const core = new Core(options);
  await core.setUp();
  const warmUp = Math.floor(options.bids * SHARE_OF_WARM_UP);
  const bids = options.bids - warmUp;
  const before = core.frames(warmUp);
  const measured = core.frames(bids);
  await core.bid(before);
  const cpu = process.cpuUsage();
  const fromMs = performance.now();
  await core.bid(measured);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - fromMs) / 1_000;
  await core.stop();
  return {
    cpuUs: Number(((user + system) / bids).toFixed(3)),
    bidsPerSecond: Math.round(bids / seconds),
  };
}

interface Frames {
  readonly count: number;
  readonly senders: readonly AccountId[];
  at(nth: number): Uint8Array;
}

class Core {
  readonly #options: CoreOptions;
  readonly #system: System;
  readonly #accounts: readonly AccountId[];
  readonly #loans: readonly LoanId[];
  #onAnswer: (answer: Answer) => void = () => undefined;
  readonly #ids = requestIdsApart();
  readonly #chance = new Chance(SEED);

  constructor(options: CoreOptions) {
    this.#options = options;
    const inFlightMax = options.inFlight + SET_UP_IN_FLIGHT;
    this.#accounts = Array.from({ length: options.accounts }, (_, n) => `lender-${n}` as AccountId);
    this.#loans = Array.from({ length: options.loans }, (_, n) => `loan-${n}` as LoanId);
    this.#system = new System({
      shards: 1,
      openJournal: (_, callbacks) => Promise.resolve(new DiscardingJournal(callbacks)),
      codec: new RecordCodec(ACTOR_LAYOUTS, UPCASTERS),
      outlet: {
        release: (_, releases) => {
          for (const each of releases) if (each.kind === "answer") this.#onAnswer(each.answer);
        },
        reset: (_, reason) => assert(false, "the core goes on", reason),
      },
      clock: systemClock,
      arrivals: new TurnClock(systemClock, systemScheduler),
      scheduler: systemScheduler,
      limits: { ...RUNTIME_LIMITS, inFlightMax, mailboxMax: inFlightMax },
      counters: createRuntimeCounters(),
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  async setUp(): Promise<void> {
    await this.#system.start();
    await this.#ask("account.open", this.#accounts, (accountId) => ({ accountId }));
    const deposit = { amountCents: DEPOSIT_CENTS, reference: "set-up" };
    await this.#ask("account.deposit", this.#accounts, (accountId) => ({ accountId, ...deposit }));
    const listing = { ...LISTING, closesAtMs: Date.now() + LISTED_FOR_MS };
    await this.#ask("loan.list", this.#loans, (loanId) => ({ loanId, ...listing }));
  }

  async #ask<Id>(
    operation: OperationName,
    of: readonly Id[],
    fieldsOf: (id: Id) => Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const writer = new MsgpackWriter();
    let sent = 0;
    let done = 0;
    await new Promise<void>((resolve) => {
      const send = (): void => {
        while (sent < of.length && sent - done < SET_UP_IN_FLIGHT) {
          const requestId = this.#ids.next();
          writer.reset();
          encodeRequest(writer, operation, sent, { requestId, ...fieldsOf(of[sent++]!) });
          this.#submit({ ...commandIn(writer.view()), by: OPERATOR } as ActorCommand, null);
        }
      };
      this.#onAnswer = (answer) => {
        const code =
          answer.type === "Refused" || answer.type === "Failed" ? answer.code : undefined;
        assert(code === undefined, "the world is set up", code);
        if (++done === of.length) resolve();
        else send();
      };
      send();
    });
  }

  #submit(command: ActorCommand, self: AccountId | null): void {
    const request = { command, correlationId: 1, session: null, self, takenInMs: 0 };
    const rejection = this.#system.submit(request);
    assert(rejection === undefined, "everything is taken in", rejection?.code);
  }

  /** Each turn of the event loop sends as many as were answered. */
  async bid(frames: Frames): Promise<void> {
    const { inFlight } = this.#options;
    let sent = 0;
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      const pump = (): void => {
        while (sent < frames.count && sent - done < inFlight) {
          this.#submit(commandIn(frames.at(sent)), frames.senders[sent++]!);
        }
        if (done === frames.count) resolve();
        else setImmediate(pump);
      };
      this.#onAnswer = (answer) => {
        done++;
        if (answer.type === "Refused") reject(new Error(`a bid was refused: ${answer.code}`));
      };
      pump();
    });
  }

  /** Made before, in one piece of memory, so that neither making nor keeping them is measured. */
  frames(count: number): Frames {
    const writer = new MsgpackWriter();
    const ends = new Uint32Array(count + 1);
    const chunks: Uint8Array[] = [];
    for (let nth = 0; nth < count; nth++) {
      writer.reset();
      encodeRequest(writer, "bid.place", nth, {
        requestId: this.#ids.next(),
        loanId: this.#chance.oneOf(this.#loans),
        amountCents: BID_CENTS,
        fill: "upTo",
        minCents: null,
      });
      chunks.push(Uint8Array.from(writer.view()));
      ends[nth + 1] = ends[nth]! + writer.length;
    }
    const memory = new Uint8Array(Buffer.concat(chunks));
    const senders = Array.from({ length: count }, () => this.#chance.oneOf(this.#accounts));
    return { count, senders, at: (nth) => memory.subarray(ends[nth]!, ends[nth + 1]!) };
  }

  async stop(): Promise<void> {
    await this.#system.stop(0);
  }
}

/** Each a millisecond after the one before: of one and the same only so many are remembered. */
function requestIdsApart(): RequestIds {
  let nowMs = FIRST_ID_MS;
  return new RequestIds({ nowMs: () => nowMs++, fill: (bytes) => void bytes.fill(0) });
}

function commandIn(frame: Uint8Array): ActorCommand {
  const decoded = decodeMsgpackRequest(frame);
  assert(decoded.ok, "a frame is a request");
  return decoded.command as ActorCommand;
}

const LISTING = {
  borrowerId: "borrower",
  principalCents: PRINCIPAL_CENTS,
  stepCents: 100,
  minBidCents: 100,
  lenderCapCents: null,
  opensAtMs: null,
  cancellable: true,
} as const;
