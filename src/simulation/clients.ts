// Everybody outside the server, as one: asks, waits for the answer, and is told the entries of the
// accounts that are watched. It knows only what the server lets out.

import { accountId, parseRequestId, type AccountId, type RequestId } from "../../actors/address.ts";
import type { Entry } from "../../actors/account/entry-log.ts";
import type { ActorCommand, Answer, Outlet, Release } from "../runtime/port.ts";
import type { System } from "../runtime/system.ts";

const OPERATOR = accountId("operator");

/** A command without what every request is given here. */
export type Draft = DraftOf<ActorCommand>;
type DraftOf<Command> = Command extends ActorCommand
  ? Omit<Command, "requestId" | "fingerprint" | "by">
  : never;

/** The server did what it must never do; what there is of the run proves nothing. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

type Waiting = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
};

export class Clients implements Outlet {
  readonly #trueMs: () => number;
  readonly #waiting = new Map<number, Waiting>();
  #system: System | null = null;
  #asked = 0;
  #references = 0;
  /** Grows with everything that was let out. */
  heard = 0;
  onEntry: (accountId: AccountId, entry: Entry) => void = () => undefined;

  /** `trueMs`: the clients' own clock, for the ids of requests. */
  constructor(trueMs: () => number) {
    this.#trueMs = trueMs;
  }

  attach(system: System): void {
    this.#system = system;
  }

  /** Of a payment at the bank, a new one each time. */
  nextReference(): string {
    return `simulation ${++this.#references}`;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  release(_position: string, releases: readonly Release[]): void {
    this.heard += releases.length;
    for (const release of releases) {
      if (release.kind === "entry") this.onEntry(release.accountId, release.entry);
      if (release.kind !== "answer") continue;
      const { correlationId } = release.request;
      const waiting = this.#waiting.get(correlationId);
      this.#waiting.delete(correlationId);
      waiting?.resolve(release.answer);
    }
  }

  reset(shard: number, reason: string): void {
    this.fail(new SimulationFailure(`shard ${shard} lost its work: ${reason}`));
  }

  /** Whoever waits will get no answer any more. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Rejects with SimulationFailure when the server does not take it in, or loses it. */
  ask(draft: Draft, self: string | null = null): Promise<Answer> {
    const correlationId = ++this.#asked;
    const requestId = this.#requestId(correlationId);
    // Whoever asks for something privileged is one operator here.
    const stamp = { requestId, fingerprint: correlationId >>> 0, by: OPERATOR };
    const command = ("requestId" in draft ? draft : { ...stamp, ...draft }) as ActorCommand;
    return new Promise((resolve, reject) => {
      const session = null;
      const own = self === null ? null : accountId(self);
      this.#waiting.set(correlationId, { resolve, reject });
      const rejection = this.#system!.submit({ command, correlationId, session, self: own });
      if (rejection === undefined) return;
      this.#waiting.delete(correlationId);
      reject(new SimulationFailure(`${command.type} was not taken in: ${rejection.code}`));
    });
  }

  /** An answer of this type; any other one is a failure of the simulation. */
  async get<Type extends Answer["type"]>(
    type: Type,
    draft: Draft,
    self: string | null = null,
  ): Promise<Extract<Answer, { type: Type }>> {
    const answer = await this.ask(draft, self);
    if (answer.type === type) return answer as Extract<Answer, { type: Type }>;
    const why = "code" in answer ? answer.code : answer.type;
    throw new SimulationFailure(`${draft.type} was answered ${why}, not ${type}`);
  }

  /** UUIDs of version 7 by the clients' clock, each once. */
  #requestId(number: number): RequestId {
    const time = this.#trueMs().toString(16).padStart(12, "0");
    const tail = number.toString(16).padStart(12, "0");
    return parseRequestId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`)!;
  }
}
