// Given events, when a command, then events or a refusal: how actors are tested.

import { expect } from "vitest";
import { ACTOR_KINDS, parseRequestId, type RequestId } from "../../actors/address.ts";
import { KINDS, type ShellState } from "../../src/runtime/kind.ts";

/** An event or a command, by its fields. */
export type Typed = { readonly type: string } & Readonly<Record<string, unknown>>;

const AT = 1_700_000_000_000;

export function request(
  number: number,
  timeMs = AT,
): { requestId: RequestId; fingerprint: number } {
  const time = timeMs.toString(16).padStart(12, "0");
  const tail = number.toString(16).padStart(12, "0");
  const requestId = parseRequestId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`);
  if (requestId === undefined) throw new Error("a request id");
  return { requestId, fingerprint: number };
}

/** The business date of AT, in days since 1970. */
export const DAY = 20_000;

export function given(kind: keyof typeof ACTOR_KINDS, id: string, ...events: Typed[]) {
  const actor = KINDS[kind];
  let state: ShellState = actor.absent();
  for (const event of events) state = actor.evolve(state, event, id, AT);
  const decide = (command: Typed, at = AT, day = DAY) => actor.decide(state, command, at, day);
  return {
    state,
    when: (command: Typed, at = AT, day = DAY) => ({
      then: (...expected: Typed[]) => {
        const decision = decide(command, at, day);
        expect(decision).toEqual({ accepted: true, events: expected });
        // What is decided can be applied: decide and evolve agree.
        for (const event of expected) state = actor.evolve(state, event, id, at);
        return state;
      },
      thenRefused: (refusal: string) => {
        expect(decide(command, at, day)).toEqual({ accepted: false, refusal });
      },
      thenImpossible: () => {
        expect(() => decide(command, at, day)).toThrow();
      },
    }),
  };
}
