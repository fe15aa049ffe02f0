// Messages on their way: sent by an event, carried out once by their receiver. Inside a shard they
// are numbered in one line; between two shards each direction has a line of its own.

import type { AccountMessage } from "../../actors/account/account.ts";
import { LEG_ITEMS, legCount, type PayLegs } from "../../actors/account/legs.ts";
import type { Address } from "../../actors/address.ts";
import type { LoanMessage } from "../../actors/loan/loan.ts";
import type { Findings } from "./report.ts";

export type AnyMessage = AccountMessage | LoanMessage | PayLegs;

export interface Pending {
  readonly to: Address;
  readonly message: AnyMessage;
  /** The business date of its sender, in days since 1970. */
  readonly day: number;
}

/** One direction between two shards, put together from both journals. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** What the sender's events implied, in order. */
  readonly sent: Pending[];
  /** What the receiver's journal says has come in. */
  readonly arrived: Pending[];
  /** Up to where the sender's journal says that the receiver has it. */
  receivedUpTo: number;
}

export class MessageBook {
  /**
   * Sent to an actor of the same shard, or arrived, and not yet carried out: by shard and number.
   */
  readonly #pending = new Map<number, Map<number, Pending>>();
  readonly #links = new Map<string, Link>();
  /** Of messages to many accounts: how many of their legs are received, by shard and number. */
  readonly #legsReceived = new Map<string, number>();
  /**
   * Shards that wrote on after they were read: what others had of them by then may be beyond that.
   */
  readonly goneOn = new Set<number>();
  #sentCount = 0;

  get sentCount(): number {
    return this.#sentCount;
  }

  link(from: number, to: number): Link {
    const key = `${from}:${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { from, to, sent: [], arrived: [], receivedUpTo: 0 };
      this.#links.set(key, link);
    }
    return link;
  }

  of(shard: number): Map<number, Pending> {
    let pending = this.#pending.get(shard);
    if (pending === undefined) {
      pending = new Map();
      this.#pending.set(shard, pending);
    }
    return pending;
  }

  /** An event of `from` implied it. `number` is its place when it stays inside the shard. */
  send(from: number, to: number, number: number, message: Pending): void {
    this.#sentCount++;
    if (from === to) this.of(from).set(number, message);
    else this.link(from, to).sent.push(message);
  }

  arrive(from: number, to: number, linkNumber: number, number: number, message: Pending): boolean {
    const { arrived } = this.link(from, to);
    arrived.push(message);
    this.of(to).set(number, message);
    return linkNumber === arrived.length;
  }

  /** The message that the actor carries out now, or undefined when it has no such message. */
  take(shard: number, number: number, kind: Address["kind"], id: string): Pending | undefined {
    const pending = this.of(shard);
    const found = pending.get(number);
    if (found === undefined || found.to.kind !== kind || found.to.id !== id) return undefined;
    pending.delete(number);
    return found;
  }

  /**
   * Legs of a message up to `upTo` are received: the message, and the first of them. Undefined when
   * there is no such message, or when these legs are not its next ones.
   */
  takeLegs(
    shard: number,
    number: number,
    upTo: number,
  ): { readonly message: PayLegs; readonly from: number } | undefined {
    const found = this.of(shard).get(number);
    if (found?.message.type !== "PayLegs") return undefined;
    const { message } = found;
    const key = `${shard}:${number}`;
    const from = this.#legsReceived.get(key) ?? 0;
    if (upTo <= from || upTo > legCount(message)) return undefined;
    if (upTo < legCount(message)) {
      this.#legsReceived.set(key, upTo);
    } else {
      this.#legsReceived.delete(key);
      this.of(shard).delete(number);
    }
    return { message, from };
  }

  /** Everything sent and not carried out, wherever it is. Call it when all shards were read. */
  inFlight(): Pending[] {
    const all: Pending[] = [];
    for (const [shard, pending] of this.#pending) {
      for (const [number, each] of pending) all.push(this.#rest(shard, number, each));
    }
    for (const { sent, arrived } of this.#links.values()) all.push(...sent.slice(arrived.length));
    return all;
  }

  /** Arrived from beyond where their sender was read: nobody can say whether they were sent so. */
  ahead(): Pending[] {
    return [...this.#links.values()]
      .filter(({ from }) => this.goneOn.has(from))
      .flatMap(({ sent, arrived }) => arrived.slice(sent.length));
  }

  /** Of legs, those that are not received yet. */
  #rest(shard: number, number: number, pending: Pending): Pending {
    const { message } = pending;
    const received = this.#legsReceived.get(`${shard}:${number}`);
    if (received === undefined || message.type !== "PayLegs") return pending;
    return { ...pending, message: { ...message, legs: message.legs.slice(received * LEG_ITEMS) } };
  }

  /** Compares both ends of each link. Call it when all shards were read. */
  checkLinks(findings: Findings): void {
    for (const link of this.#links.values()) checkLink(link, this.goneOn, findings);
  }
}

function checkLink(link: Link, goneOn: ReadonlySet<number>, findings: Findings): void {
  const { from, to, sent, arrived, receivedUpTo } = link;
  const name = `${from}:${to}`;
  const judged = goneOn.has(from) ? arrived.slice(0, sent.length) : arrived;
  judged.forEach((message, index) => {
    const original = sent[index];
    findings.expect(
      original !== undefined && plainText(original) === plainText(message),
      "link_broken",
      () =>
        `link ${name}, message ${index + 1}: arrived as ${plainText(message)}, ` +
        (original === undefined ? "never sent" : `sent as ${plainText(original)}`),
    );
    if (original === undefined) return;
    findings.expect(
      original.day === message.day,
      "day_wrong",
      () => `link ${name}, message ${index + 1}: of day ${message.day}, sent on ${original.day}`,
    );
  });
  findings.expect(
    receivedUpTo <= arrived.length || goneOn.has(to),
    "link_acknowledged_early",
    () => `link ${name}: acknowledged up to ${receivedUpTo}, ${arrived.length} arrived`,
  );
}

/** The same text for the same message, whatever the order of its fields. */
function plainText({ to, message }: Pending): string {
  return `${to.kind} ${to.id} ${JSON.stringify(message, Object.keys(message).sort())}`;
}
