// What a person sees while a run lasts: one bar on a terminal, nothing in a pipe or a log.

import { SingleBar } from "cli-progress";

export class Screen {
  readonly #isTerminal = process.stderr.isTTY === true;
  #bar: SingleBar | null = null;
  #title = "";

  /** Put before each step: which probe of a search it is. */
  set title(text: string) {
    this.#title = text === "" ? "" : `${text}: `;
  }

  /** A step without a known length. */
  show(text: string): void {
    if (!this.#isTerminal) return;
    this.end();
    process.stderr.write(`\r\x1b[2K${this.#title}${text}`);
  }

  /** The load itself. */
  load(doneMs: number, totalMs: number, text: string): void {
    if (!this.#isTerminal) return;
    if (this.#bar === null) {
      process.stderr.write("\r\x1b[2K");
      this.#bar = new SingleBar({
        format: `${this.#title}{bar} {seconds} of {all} s  {text}`,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
      });
      this.#bar.start(totalMs, 0, { seconds: 0, all: Math.round(totalMs / 1_000), text: "" });
    }
    const seconds = (Math.min(doneMs, totalMs) / 1_000).toFixed(0);
    this.#bar.update(Math.min(doneMs, totalMs), { seconds, text });
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
    if (this.#isTerminal) process.stderr.write("\r\x1b[2K");
  }
}
