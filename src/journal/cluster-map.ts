// Which node of a Redis Cluster is the master of a key's slot. It is asked anew for each
// connection, since a failover or a move of slots is when connections are made anew.

import { call, type RedisConnection, type Reply } from "./connection.ts";
import { JournalError, unavailable } from "./errors.ts";
import type { HostAndPort } from "./redis-url.ts";

export class ClusterMap {
  /** Whom to ask: who told last, the others that it told of, those of the URL. */
  #nodes: readonly HostAndPort[];
  readonly #seeds: readonly HostAndPort[];
  readonly #open: (node: HostAndPort) => Promise<RedisConnection>;

  constructor(
    seeds: readonly HostAndPort[],
    open: (node: HostAndPort) => Promise<RedisConnection>,
  ) {
    this.#nodes = seeds;
    this.#seeds = seeds;
    this.#open = open;
  }

  /** Rejects with JournalError `unavailable` when no node tells. */
  async masterOf(key: string): Promise<HostAndPort> {
    let why = "no node of the Cluster answers";
    for (const node of this.#nodes) {
      try {
        return await this.#ask(node, key);
      } catch (error) {
        why = `no node of the Cluster tells who has the slot: ${(error as JournalError).message}`;
      }
    }
    throw notKnown(why);
  }

  async #ask(node: HostAndPort, key: string): Promise<HostAndPort> {
    const connection = await this.#open(node);
    try {
      const slot = Number(await call(connection, "CLUSTER", "KEYSLOT", key));
      const ranges = (await call(connection, "CLUSTER", "SLOTS")) as readonly SlotRange[];
      const range = ranges.find(([from, to]) => from <= slot && slot <= to);
      if (range === undefined) throw notKnown(`nobody has slot ${slot}`);
      // One that was left alone still tells what it knew before.
      const info = String(await call(connection, "CLUSTER", "INFO"));
      if (!info.includes("cluster_state:ok")) throw notKnown("its state is fail");
      this.#learn(node, ranges);
      return addressOf(range[2], node);
    } catch (error) {
      throw unavailable(error);
    } finally {
      connection.close();
    }
  }

  #learn(asked: HostAndPort, ranges: readonly SlotRange[]): void {
    const known = new Map<string, HostAndPort>();
    const add = (node: HostAndPort): void => void known.set(`${node.host}:${node.port}`, node);
    add(asked);
    for (const [, , ...nodes] of ranges) for (const node of nodes) add(addressOf(node, asked));
    // Should all of them go at once, those of the URL may lead to others.
    for (const seed of this.#seeds) add(seed);
    this.#nodes = [...known.values()];
  }
}

/** First slot, last slot, then master and replicas. */
type SlotRange = readonly [number, number, SlotNode, ...SlotNode[]];
/** Address, port, id, and more in later versions. */
type SlotNode = readonly Reply[];

/**
 * A node that does not know its own address means the one that it was asked at; `?` is another
 * one's, which is announced by a name that it does not have.
 */
function addressOf([host, port]: SlotNode, asked: HostAndPort): HostAndPort {
  const name = host === null || host === undefined ? "" : String(host);
  if (name === "?") throw notKnown("a node has no name, but is to be called by it");
  return { host: name === "" ? asked.host : name, port: Number(port) };
}

function notKnown(why: string): JournalError {
  return new JournalError("unavailable", why);
}
