// One line on a terminal that says what runs and how far it is. Silent where nobody watches, so
// that a log or a pipe gets results only.

export class Progress {
  readonly #steps: number;
  readonly #isTerminal = process.stderr.isTTY === true;
  #done = 0;
  #text = "";

  constructor(steps: number) {
    this.#steps = steps;
  }

  show(text: string): void {
    this.#text = text;
    this.#draw();
  }

  step(): void {
    this.#done++;
    this.#draw();
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write("\r\x1b[2K");
  }

  #draw(): void {
    if (!this.#isTerminal) return;
    process.stderr.write(`\r\x1b[2K[${this.#done}/${this.#steps}] ${this.#text}`);
  }
}
