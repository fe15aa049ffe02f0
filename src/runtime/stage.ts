// Where nact comes in: names, lifecycle and supervision of actors, and the wake-up of an actor that
// has something in its inbox. nact handles one message an event-loop turn and its mailbox has no
// bound, so the mail itself stays in our inboxes and only the wake-up goes through nact.

import { dispatch, spawn, start, stop, type ActorSystemRef, type Ref } from "nact";
import type { ActorKindName } from "../../actors/address.ts";

/** Called by nact's supervision when an actor's turn threw. */
export type OnCrash = (error: unknown) => void;

let systems = 0;

export class Stage {
  readonly #system: ActorSystemRef;
  readonly #parents = new Map<ActorKindName, Ref<null>>();
  readonly #properties: { onCrash: (message: unknown, error: unknown, context: unknown) => symbol };

  constructor(name: string, onCrash: OnCrash) {
    // nact keeps systems by name in one map of the process.
    this.#system = start(`${name}-${++systems}`);
    this.#properties = {
      onCrash: (_message, error, context) => {
        onCrash(error);
        // The state is ours, not nact's: going on is always right for nact.
        return (context as { resume: symbol }).resume;
      },
    };
  }

  /** A parent per kind. It gets no messages, for nact copies all children at each one. */
  #parent(kind: ActorKindName): Ref<null> {
    let parent = this.#parents.get(kind);
    if (parent === undefined) {
      parent = spawn(this.#system, () => null, kind) as Ref<null>;
      this.#parents.set(kind, parent);
    }
    return parent;
  }

  /** `turn` runs once for each wake-up, in an event-loop turn of its own. */
  spawn(kind: ActorKindName, id: string, turn: () => void): Ref<null> {
    const properties = this.#properties as never;
    const run = (): null => {
      turn();
      return null;
    };
    return spawn(this.#parent(kind), run, id, properties) as Ref<null>;
  }

  wake(actor: Ref<null>): void {
    dispatch(actor, null);
  }

  stop(actor: Ref<null>): void {
    stop(actor);
  }

  close(): void {
    stop(this.#system as Ref<null>);
  }
}
