// The custodian's statement of a day, as JSON lines. The first line opens it, the last one closes
// it, and every booking between them carries the balance: a statement that was cut, or does not add
// up by itself, is refused as a whole.
//
//   {"kind":"opening","date":"2026-11-24","utcOffsetMinutes":480,"balanceCents":0}
//   {"kind":"deposit","reference":"d-1","accountId":"alice","amountCents":500,"bookedAtMs":...,
//    "balanceCents":500}
//   {"kind":"closing","lines":1,"balanceCents":500,"isFinal":true}

import { cents, type Cents } from "../money/cents.ts";
import type { CustodianStatement, StatementLine } from "./port.ts";
import { boundsOf, isUtcOffset, type StatementDate } from "./statement-date.ts";
import { isBalance, parseObject, readLine, signedCents, type Unchecked } from "./wire.ts";

/** A booking has some 200 bytes. */
const LINE_LENGTH_MAX = 2_048;

interface Opening {
  readonly utcOffsetMinutes: number;
  readonly openingCents: Cents;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Takes the pieces of a statement; `end` tells what they were. */
export class StatementReader {
  readonly #date: StatementDate;
  readonly #linesMax: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false });
  readonly #lines: StatementLine[] = [];
  #tail = "";
  #opening: Opening | null = null;
  #closing: { readonly isFinal: boolean } | null = null;
  #balanceCents = cents(0);
  #isBroken = false;

  constructor(date: StatementDate, linesMax: number) {
    this.#date = date;
    this.#linesMax = linesMax;
  }

  /** False as soon as it cannot become a statement any more: the rest need not be read. */
  push(piece: Uint8Array): boolean {
    const text = this.#tail + this.#decoder.decode(piece, { stream: true });
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      if (to - from > LINE_LENGTH_MAX || !this.#take(text.slice(from, to))) return this.#broken();
      from = to + 1;
    }
    this.#tail = text.slice(from);
    return this.#tail.length <= LINE_LENGTH_MAX || this.#broken();
  }

  /** Null when what came is no whole statement of that day. */
  end(): CustodianStatement | null {
    if (this.#isBroken || this.#tail !== "") return null;
    if (this.#opening === null || this.#closing === null) return null;
    return {
      date: this.#date,
      utcOffsetMinutes: this.#opening.utcOffsetMinutes,
      openingCents: this.#opening.openingCents,
      closingCents: this.#balanceCents,
      isFinal: this.#closing.isFinal,
      lines: this.#lines,
    };
  }

  #broken(): false {
    this.#isBroken = true;
    return false;
  }

  #take(text: string): boolean {
    const fields = parseObject(text);
    if (fields === undefined || this.#closing !== null) return false;
    if (this.#opening === null) return this.#open(fields);
    return fields["kind"] === "closing" ? this.#close(fields) : this.#book(fields, this.#opening);
  }

  #open({ kind, date, utcOffsetMinutes, balanceCents }: Unchecked): boolean {
    if (kind !== "opening" || date !== this.#date || !isBalance(balanceCents)) return false;
    if (typeof utcOffsetMinutes !== "number" || !isUtcOffset(utcOffsetMinutes)) return false;
    const bounds = boundsOf(this.#date, utcOffsetMinutes);
    this.#opening = { utcOffsetMinutes, openingCents: balanceCents, ...bounds };
    this.#balanceCents = balanceCents;
    return true;
  }

  #book(fields: Unchecked, { fromMs, untilMs }: Opening): boolean {
    const line = readLine(fields);
    if (line === undefined || this.#lines.length === this.#linesMax) return false;
    const { kind, reference, amountCents, bookedAtMs, balanceCents } = line;
    if (bookedAtMs < fromMs || bookedAtMs >= untilMs) return false;
    if (balanceCents !== this.#balanceCents + signedCents(line)) return false;
    this.#balanceCents = balanceCents;
    this.#lines.push({ kind, reference, amountCents, bookedAtMs });
    return true;
  }

  #close({ lines, balanceCents, isFinal }: Unchecked): boolean {
    if (lines !== this.#lines.length || balanceCents !== this.#balanceCents) return false;
    if (typeof isFinal !== "boolean") return false;
    this.#closing = { isFinal };
    return true;
  }
}
