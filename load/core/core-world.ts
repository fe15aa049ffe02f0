// The real runtime and actors in this process, without sockets and without Redis, and
// requests to it in a closed loop.

import { performance } from "node:perf_hooks";
import type { AccountId } from "../../actors/address.ts";
import { ACTOR_LAYOUTS } from "../../actors/kinds.ts";
import { UPCASTERS } from "../../actors/upcasters.ts";
import { RequestIds } from "../../src/client/request-id.ts";
import { RecordCodec } from "../../src/journal/records.ts";
import { assert } from "../../src/money/assert.ts";
import { decodeMsgpackRequest } from "../../src/protocol/decode-request.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import type { OperationName } from "../../src/protocol/table.ts";
import { createRuntimeCounters, type RuntimeCounters } from "../../src/runtime/counters.ts";
import { systemClock, systemScheduler, TurnClock } from "../../src/runtime/environment.ts";
import { RUNTIME_LIMITS } from "../../src/runtime/limits.ts";
import type { ActorCommand, Answer } from "../../src/runtime/port.ts";
import { System } from "../../src/runtime/system.ts";
import { DAY_MS } from "../../src/time/units.ts";
import { DiscardingJournal } from "./discarding-journal.ts";

const SET_UP_IN_FLIGHT = 2_000;
const FIRST_ID_MS = 1_700_000_000_000;
const OPERATOR = "operator" as AccountId;
const DEPOSIT_CENTS = 900_000_000_000;
const LISTED_FOR_MS = DAY_MS;

/** Fields of one request, and who asks; null for the operator. */
export interface Asked {
  readonly self: AccountId | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Terms of a loan that any account may bid on, for a day. */
export const LISTING = {
  stepCents: 100,
  minBidCents: 100,
  lenderCapCents: null,
  opensAtMs: null,
  closesAtMs: Date.now() + LISTED_FOR_MS,
} as const;

export class CoreWorld {
  readonly counters: RuntimeCounters = createRuntimeCounters();
  readonly ids = requestIdsApart();
  onAnswer: (answer: Answer) => void = () => undefined;
  readonly #system: System;

  constructor(inFlight: number) {
    const inFlightMax = inFlight + SET_UP_IN_FLIGHT;
    this.#system = new System({
      shards: 1,
      openJournal: (_, callbacks) => Promise.resolve(new DiscardingJournal(callbacks)),
      codec: new RecordCodec(ACTOR_LAYOUTS, UPCASTERS),
      outlet: {
        release: (_, releases) => {
          for (const each of releases) if (each.kind === "answer") this.onAnswer(each.answer);
        },
        reset: (_, reason) => assert(false, "the core goes on", reason),
      },
      clock: systemClock,
      arrivals: new TurnClock(systemClock, systemScheduler),
      scheduler: systemScheduler,
      limits: { ...RUNTIME_LIMITS, inFlightMax, mailboxMax: inFlightMax },
      counters: this.counters,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
  }

  start(): Promise<void> {
    return this.#system.start();
  }

  stop(): Promise<void> {
    return this.#system.stop(0);
  }

  advanceTo(day: number): Promise<void> {
    return this.#system.advanceTo(day);
  }

  /** No leg of a repayment is under way any more. */
  async untilLegs(count: number): Promise<void> {
    while (this.counters.legs < count) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Opens accounts, each with more money than it will ever lend or repay. */
  async openAccounts(accounts: readonly AccountId[]): Promise<void> {
    await this.ask("account.open", accounts.length, (nth) =>
      byOperator({ accountId: accounts[nth] }),
    );
    const deposit = { amountCents: DEPOSIT_CENTS, reference: "set-up" };
    await this.ask("account.deposit", accounts.length, (nth) =>
      byOperator({ accountId: accounts[nth], ...deposit }),
    );
  }

  /** All of them, at most so many without an answer; a refusal is an error. */
  async ask(
    operation: OperationName,
    count: number,
    asked: (nth: number) => Asked,
    inFlight = SET_UP_IN_FLIGHT,
  ): Promise<void> {
    const writer = new MsgpackWriter();
    let sent = 0;
    let done = 0;
    await new Promise<void>((resolve) => {
      const send = (): void => {
        while (sent < count && sent - done < inFlight) {
          const { self, fields } = asked(sent++);
          writer.reset();
          encodeRequest(writer, operation, sent, { requestId: this.ids.next(), ...fields });
          const command = commandIn(writer.view());
          this.submit(
            (self === null ? { ...command, by: OPERATOR } : command) as ActorCommand,
            self,
          );
        }
      };
      this.onAnswer = (answer) => {
        const code =
          answer.type === "Refused" || answer.type === "Failed" ? answer.code : undefined;
        assert(code === undefined, "nothing is refused", code);
        if (++done === count) resolve();
        else send();
      };
      send();
    });
  }

  submit(command: ActorCommand, self: AccountId | null): void {
    const request = { command, correlationId: 1, session: null, self, takenInMs: 0 };
    const rejection = this.#system.submit(request);
    assert(rejection === undefined, "everything is taken in", rejection?.code);
  }
}

export function byOperator(fields: Readonly<Record<string, unknown>>): Asked {
  return { self: null, fields };
}

export function commandIn(frame: Uint8Array): ActorCommand {
  const decoded = decodeMsgpackRequest(frame);
  assert(decoded.ok, "a frame is a request");
  return decoded.command as ActorCommand;
}

export interface CoreFigures {
  /** CPU of the process, collections included, in microseconds each. */
  readonly cpuUs: number;
  readonly perSecond: number;
}

/** Of so many bids or legs that `work` carries out. */
export async function cpuOf(count: number, work: () => Promise<void>): Promise<CoreFigures> {
  const cpu = process.cpuUsage();
  const fromMs = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - fromMs) / 1_000;
  return {
    cpuUs: Number(((user + system) / count).toFixed(3)),
    perSecond: Math.round(count / seconds),
  };
}

/** Each a millisecond after the one before: of one and the same only so many are remembered. */
function requestIdsApart(): RequestIds {
  let nowMs = FIRST_ID_MS;
  return new RequestIds({ nowMs: () => nowMs++, fill: (bytes) => void bytes.fill(0) });
}
