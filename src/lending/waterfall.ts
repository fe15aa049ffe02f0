// The order in which a payment settles what is owed.

import { assert } from "../money/assert.ts";
import type { BusinessDate } from "./business-date.ts";

export const DUE_KINDS = ["penalty", "fee", "interest", "principal"] as const;
export type DueKind = (typeof DUE_KINDS)[number];

export type DueParts = Readonly<Record<`${DueKind}Cents`, number>>;

/** What is still owed of one instalment. */
export interface Due extends DueParts {
  readonly k: number;
  readonly due: BusinessDate;
}

export interface Waterfall {
  /** All four kinds, the first settled first. */
  readonly order: readonly DueKind[];
  /**
   * `instalment`: the oldest instalment is settled in all its kinds before the next. `kind`: the
   * first kind is settled in all instalments before the next kind. Either way everything that is
   * past due goes before what is not.
   */
  readonly by: "instalment" | "kind";
}

const DEFAULT_WATERFALL: Waterfall = { order: DUE_KINDS, by: "instalment" };

/** What a payment settles of one instalment. */
export interface Settled extends DueParts {
  readonly k: number;
}

export interface Allocation {
  /** Only instalments that get something, in the order of `dues`. */
  readonly settled: readonly Settled[];
  /** What is beyond all that is owed. */
  readonly remainderCents: number;
}

type OpenParts = { -readonly [Kind in keyof DueParts]: DueParts[Kind] };

const CENTS_OF = {
  penalty: "penaltyCents",
  fee: "feeCents",
  interest: "interestCents",
  principal: "principalCents",
} as const satisfies Record<DueKind, keyof DueParts>;

/** Whether it names each kind once. For a declaration that comes from outside. */
export function isWaterfallOrder(order: readonly string[]): order is readonly DueKind[] {
  return order.length === DUE_KINDS.length && DUE_KINDS.every((kind) => order.includes(kind));
}

/**
 * Divides a payment made on `on` among `dues`, which are in the order of their dates; one is past
 * due when its date is before `on`. Nothing gets more than it owes, and settled
 * and remainder sum to the amount.
 */
export function allocate(
  dues: readonly Due[],
  amountCents: number,
  on: BusinessDate,
  { order, by }: Waterfall = DEFAULT_WATERFALL,
): Allocation {
  assert(Number.isSafeInteger(amountCents) && amountCents >= 0, "a payment", amountCents);
  assert(isWaterfallOrder(order), "a waterfall names each kind once");
  assert(
    dues.every((each, index) => index === 0 || dues[index - 1]!.due <= each.due),
    "dues are in the order of their dates",
  );
  const parts = dues.map((): OpenParts => ({
    penaltyCents: 0,
    feeCents: 0,
    interestCents: 0,
    principalCents: 0,
  }));
  const pastDue = dues.filter(({ due }) => due < on).length;
  let leftCents = amountCents;
  const settle = (index: number, kind: DueKind): void => {
    const name = CENTS_OF[kind];
    const owedCents = dues[index]![name];
    assert(Number.isSafeInteger(owedCents) && owedCents >= 0, "what is owed", owedCents);
    const paidCents = Math.min(owedCents, leftCents);
    parts[index]![name] = paidCents;
    leftCents -= paidCents;
  };
  for (const [from, to] of [
    [0, pastDue],
    [pastDue, dues.length],
  ] as const) {
    if (by === "instalment") {
      for (let index = from; index < to; index++) for (const kind of order) settle(index, kind);
    } else {
      for (const kind of order) for (let index = from; index < to; index++) settle(index, kind);
    }
  }
  const settled = parts
    .map((each, index) => ({ k: dues[index]!.k, ...each }))
    .filter((each) => sumOf(each) > 0);
  return { settled, remainderCents: leftCents };
}

/** All kinds together. */
export function sumOf(parts: DueParts): number {
  return parts.penaltyCents + parts.feeCents + parts.interestCents + parts.principalCents;
}
