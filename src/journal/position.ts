// Where an entry stands in the journal of a shard: the epoch of its owner and the number within
// that epoch. It is the id of the stream's entry, so its text form is `epoch-seq`. Number 0 of an
// epoch is always the take-over entry of the owner.

import { AssertionError, assert } from "../money/assert.ts";

export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** Before everything: no entry ever stands here. */
export const ORIGIN: Position = { epoch: 0, seq: 0 };

const PATTERN = /^(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/;

export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.seq}`;
}

/** Undefined when the text is not a position that this program can have written. */
export function tryParsePosition(text: string): Position | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const epoch = Number(match[1]);
  const seq = Number(match[2]);
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(seq)) return undefined;
  return { epoch, seq };
}

export function parsePosition(text: string): Position {
  const position = tryParsePosition(text);
  if (position === undefined) throw new AssertionError(`not a position: ${JSON.stringify(text)}`);
  return position;
}

/** Negative when `a` comes first, 0 when they are the same, positive when `b` comes first. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch === b.epoch ? a.seq - b.seq : a.epoch - b.epoch;
}

/** Whether `next` may directly follow `previous`: the next number, or the next owner's fence. */
export function follows(previous: Position, next: Position): boolean {
  if (next.epoch === previous.epoch) return next.seq === previous.seq + 1;
  return next.epoch === previous.epoch + 1 && next.seq === 0;
}

/** The same number in the same epoch, one further. */
export function nextPosition(position: Position): Position {
  assert(position.seq < Number.MAX_SAFE_INTEGER, "an epoch has a last number");
  return { epoch: position.epoch, seq: position.seq + 1 };
}
