// Answers that no actor has alone. Each part is looked at in its own actor and told when it is durable
// (looks.ts); the answer is one, and leaves when the last part is there. None of it is on the way of
// a bid: what is reckoned is reckoned between turns.

import type { ErrorCode } from "../protocol/errors.ts";
import type { RuntimeCounters } from "./counters.ts";
import type { Clock } from "./environment.ts";
import { booksOf, booksView } from "./books.ts";
import type { Looks, Unseen } from "./looks.ts";
import type { ActorCommand, Answer, Notice, Outlet, Request } from "./port.ts";
import type { RunLog } from "./run-options.ts";

export type GatheredCommand = Extract<ActorCommand, { type: "GetBooks" }>;

/** Answers that are gathered at once. Each holds copies of what it has seen so far. */
export const GATHERINGS_MAX = 64;

export interface GatherHost {
  readonly looks: Looks;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly counters: RuntimeCounters;
  readonly log: RunLog;
  readonly retryAfterMs: number;
}

interface Gathered {
  readonly position: string;
  readonly answer: Answer;
}

export function isGathered(command: ActorCommand | Notice): command is GatheredCommand {
  return command.type === "GetBooks";
}

export class Gatherings {
  readonly #host: GatherHost;
  #inFlight = 0;

  constructor(host: GatherHost) {
    this.#host = host;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** False when too many are under way. */
  take(request: Request, command: GatheredCommand): boolean {
    if (this.#inFlight >= GATHERINGS_MAX) return false;
    this.#inFlight++;
    const gathered = this.#books(command);
    gathered.then(
      ({ position, answer }) => this.#answer(request, position, answer),
      (error: unknown) => {
        this.#host.log.error({ command: command.type, error }, "an answer could not be gathered");
        this.#answer(request, "", { type: "Failed", code: "internal_error", retryAfterMs: null });
      },
    );
    return true;
  }

  #answer(request: Request, position: string, answer: Answer): void {
    this.#inFlight--;
    const { clock, counters, outlet } = this.#host;
    const nowMs = clock.monotonicMs();
    counters.onReply((nowMs - (request.takenInMs ?? nowMs)) / 1_000);
    outlet.release(position, [{ kind: "answer", request, answer }]);
  }

  async #books({ day }: Extract<GatheredCommand, { type: "GetBooks" }>): Promise<Gathered> {
    const shards = await this.#host.looks.atShards(booksOf);
    const books = shards.map((seen) => (seen.ok ? seen.sight : seen.code));
    const unseen = books.find((each) => typeof each === "string");
    if (unseen !== undefined) return this.#failed(unseen);
    const view = booksView(
      books.filter((each) => typeof each !== "string"),
      day,
    );
    if (view === null) return refused("day_not_kept");
    return { position: "", answer: { type: "Read", view } };
  }

  #failed(code: Unseen): Gathered {
    const retryAfterMs = code === "internal_error" ? null : this.#host.retryAfterMs;
    return { position: "", answer: { type: "Failed", code, retryAfterMs } };
  }
}

function refused(code: ErrorCode): Gathered {
  return { position: "", answer: { type: "Failed", code, retryAfterMs: null } };
}
