// The block on the terminal that shows how burst and repayments go, drawn again in place. Where
// nobody watches, in a pipe or a log, it draws nothing.

import type { AccountEntry } from "../../client/client.ts";
import { money, whole } from "../audit-text.ts";
import { LENDING_TERMS } from "./loan-terms.ts";
import type { MonthFigures } from "./repayments.ts";

export interface ScreenState {
  readonly phase: string;
  readonly principalCents: number;
  readonly raisedCents: number;
  readonly accepted: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly inFlight: number;
  readonly connections: number;
  readonly connectionsMax: number;
  /** Instalments that all lenders were told of; null before the loan is paid out. */
  readonly months: readonly MonthFigures[] | null;
  /** The last entries of a few lenders. */
  readonly shown: readonly AccountEntry[];
}

const REDRAW_MS = 100;
const BAR_CELLS = 40;

export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #title: string;
  readonly #state: () => ScreenState;
  readonly #startedMs = performance.now();
  #timer: NodeJS.Timeout | null = null;
  #linesDrawn = 0;

  /** `state` is asked at each redraw. */
  constructor(out: NodeJS.WriteStream, title: string, state: () => ScreenState) {
    this.#out = out;
    this.#title = title;
    this.#state = state;
  }

  start(): void {
    if (this.#out.isTTY !== true) return;
    this.#out.write(HIDE_CURSOR);
    this.draw();
    this.#timer = setInterval(() => this.draw(), REDRAW_MS);
    this.#timer.unref();
  }

  draw(): void {
    if (this.#out.isTTY !== true) return;
    const columns = this.#out.columns || 80;
    const lines = this.#lines().map((line) => line.slice(0, columns - 1));
    const up = this.#linesDrawn === 0 ? "" : `\x1b[${this.#linesDrawn}A`;
    this.#out.write(`${up}${lines.map((line) => `${CLEAR_LINE}${line}\n`).join("")}`);
    this.#linesDrawn = lines.length;
  }

  /** Draws once more and gives the terminal back. */
  end(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.draw();
    this.#out.write(`${SHOW_CURSOR}\n`);
  }

  #lines(): string[] {
    const state = this.#state();
    const share = state.principalCents === 0 ? 0 : state.raisedCents / state.principalCents;
    const filled = Math.floor(share * BAR_CELLS);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}`;
    const refused = [...state.refused].sort(([, some], [, others]) => others - some);
    const reasons = refused.map(([code, count]) => `${code} ${whole(count)}`).join(", ");
    const total = refused.reduce((sum, [, count]) => sum + count, 0);
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1);
    return [
      this.#title,
      "",
      `  ${bar} ${(share * 100).toFixed(1).padStart(5)} %  ${money(state.raisedCents)}`,
      `  accepted     ${whole(state.accepted)}`,
      `  refused      ${whole(total)}${reasons === "" ? "" : `  (${reasons})`}`,
      `  in flight    ${whole(state.inFlight)}`,
      `  connections  ${whole(state.connections)} of ${whole(state.connectionsMax)}`,
      ...(state.months === null ? [] : repaymentLines(state.months, state.shown)),
      `  ${seconds.padStart(5)} s      ${state.phase}`,
    ];
  }
}

function repaymentLines(
  months: readonly MonthFigures[],
  shown: readonly AccountEntry[],
): readonly string[] {
  const { term } = LENDING_TERMS;
  const marks = months.map(({ killed }) => (killed ? "x" : "■")).join("");
  const last = months.at(-1);
  const took = last === undefined ? "" : `  all lenders told in ${last.lastPushMs.toFixed(1)} ms`;
  return [
    `  repaid       ${marks.padEnd(term, "·")}  ${months.length} of ${term}${took}`,
    ...shown.map(entryLine),
  ];
}

function entryLine(entry: AccountEntry): string {
  const { accountId, kind, amountCents, availableCents, instalment } = entry;
  const head = `    ${accountId.padEnd(12)}`;
  const tail = `available ${money(availableCents).padStart(12)}`;
  if (kind !== "repayment_received") {
    return `${head} ${kind.padEnd(9)} ${money(amountCents).padStart(10)}  ${tail}`;
  }
  const { principalCents, interestCents, feeCents } = entry;
  const parts = [principalCents, interestCents].map((cents) => money(cents ?? 0)).join(" + ");
  return (
    `${head} month ${String(instalment).padEnd(3)} ${money(amountCents).padStart(10)}  ${tail}` +
    `  = ${parts} - ${money(feeCents ?? 0)}`
  );
}

const CLEAR_LINE = "\x1b[2K\r";
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
