// A connection to Redis that only pipelines: what is asked in one turn of the event loop leaves in
// one write, answers come in order. By hand, because a general client spends more on a command than
// Redis does, and the peer would pay for it.

import { connect, type Socket } from "node:net";

export type RedisReply = number | string | null | readonly RedisReply[];

type OnReply = (reply: RedisReply | Error) => void;

const CR = 13;
const INCOMPLETE = Symbol("incomplete");
type Parsed = RedisReply | Error | typeof INCOMPLETE;

/** One command in the protocol of Redis (RESP2); strings are Latin-1, one byte a character. */
export function redisCommand(parts: readonly (string | number)[]): string {
  let command = `*${parts.length}\r\n`;
  for (const part of parts) {
    const text = String(part);
    command += `$${text.length}\r\n${text}\r\n`;
  }
  return command;
}

export class RedisPipe {
  readonly #socket: Socket;
  readonly #waiting: OnReply[] = [];
  #taken = 0;
  #out = "";
  #in: Buffer = Buffer.alloc(0);
  #at = 0;
  #isClosing = false;

  private constructor(socket: Socket, onFailure: (error: Error) => void) {
    this.#socket = socket;
    let reason = "Redis closed the connection";
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", (error) => (reason = error.message));
    socket.on("close", () => {
      if (!this.#isClosing) onFailure(new Error(reason));
    });
  }

  static open(socketPath: string, onFailure: (error: Error) => void): Promise<RedisPipe> {
    return new Promise((resolve, reject) => {
      const socket = connect(socketPath);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RedisPipe(socket, onFailure));
      });
    });
  }

  /** Commands on their way. */
  get inFlight(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Leaves with the next `flush`. */
  send(command: string, onReply: OnReply): void {
    this.#out += command;
    this.#waiting.push(onReply);
  }

  flush(): void {
    if (this.#out === "") return;
    this.#socket.write(this.#out, "latin1");
    this.#out = "";
  }

  /** One question at a time, for set-up and checks. Rejects with the error that Redis answers. */
  ask(...parts: readonly (string | number)[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      this.send(redisCommand(parts), (reply) => {
        if (reply instanceof Error) reject(reply);
        else resolve(reply);
      });
      this.flush();
    });
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    this.#in = this.#in.length === 0 ? bytes : Buffer.concat([this.#in, bytes]);
    this.#at = 0;
    while (this.#at < this.#in.length) {
      const from = this.#at;
      const reply = this.#parse();
      if (reply === INCOMPLETE) {
        this.#at = from;
        break;
      }
      this.#waiting[this.#taken++]!(reply);
    }
    this.#in = this.#in.subarray(this.#at);
    // Taken from the front in one go: a shift for each would move all others.
    this.#waiting.splice(0, this.#taken);
    this.#taken = 0;
  }

  #parse(): Parsed {
    const bytes = this.#in;
    const end = bytes.indexOf(CR, this.#at);
    if (end < 0 || end + 1 >= bytes.length) return INCOMPLETE;
    const kind = bytes[this.#at]!;
    const line = bytes.toString("latin1", this.#at + 1, end);
    this.#at = end + 2;
    switch (kind) {
      case 58: // :
        return Number(line);
      case 43: // +
        return line;
      case 45: // -
        return new Error(line);
      case 36: // $
        return this.#bulk(Number(line));
      case 42: // *
        return this.#list(Number(line));
      default:
        throw new Error(`Redis answered ${String.fromCharCode(kind)}${line}`);
    }
  }

  #bulk(size: number): Parsed {
    if (size < 0) return null;
    const from = this.#at;
    if (from + size + 2 > this.#in.length) return INCOMPLETE;
    this.#at = from + size + 2;
    return this.#in.toString("latin1", from, from + size);
  }

  #list(items: number): Parsed {
    if (items < 0) return null;
    const list: RedisReply[] = [];
    while (list.length < items) {
      const item = this.#at < this.#in.length ? this.#parse() : INCOMPLETE;
      if (item === INCOMPLETE) return INCOMPLETE;
      if (item instanceof Error) return item;
      list.push(item);
    }
    return list;
  }
}
