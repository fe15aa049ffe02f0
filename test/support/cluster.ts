// A Redis Cluster of the test's own: three masters with a third of the slots each, and a replica of
// each. Every node is a TestRedis, so it can be killed and started again.

import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../src/command/server-child.ts";
import { TestRedis } from "./redis.ts";

const MASTERS = 3;
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_000;

interface Node {
  readonly redis: TestRedis;
  readonly busPort: number;
}

export class TestCluster {
  readonly nodes: readonly TestRedis[];

  static async start(): Promise<TestCluster> {
    const nodes: Node[] = [];
    const cluster = new TestCluster(nodes);
    try {
      for (let at = 0; at < MASTERS * 2; at++) nodes.push(await startNode());
      await join(nodes);
      return new TestCluster(nodes);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(nodes: readonly Node[]) {
    this.nodes = nodes.map(({ redis }) => redis);
  }

  get url(): string {
    return `redis-cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** The master of the key's slot, as the nodes that live see it. */
  async masterOf(key: string): Promise<TestRedis> {
    const alive = this.nodes.find((node) => node.isAlive)!;
    const slot = Number(await alive.run("CLUSTER", "KEYSLOT", key));
    const ranges = (await alive.run("CLUSTER", "SLOTS")) as [number, number, [Buffer, number]][];
    const [, , [, port]] = ranges.find(([from, to]) => from <= slot && slot <= to)!;
    return this.nodes.find((node) => node.port === port)!;
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop();
  }
}

async function startNode(): Promise<Node> {
  const busPort = await freePort();
  // prettier-ignore
  const redis = await TestRedis.start([
    "--cluster-enabled", "yes", "--cluster-port", String(busPort),
    "--cluster-node-timeout", String(NODE_TIMEOUT_MS), "--repl-diskless-sync-delay", "0",
  ]);
  return { redis, busPort };
}

async function join(nodes: readonly Node[]): Promise<void> {
  const [first] = nodes;
  for (const { redis, busPort } of nodes.slice(1)) {
    await first!.redis.run("CLUSTER", "MEET", "127.0.0.1", redis.port, busPort);
  }
  for (let at = 0; at < MASTERS; at++) {
    const from = Math.floor((SLOTS * at) / MASTERS);
    const to = Math.floor((SLOTS * (at + 1)) / MASTERS) - 1;
    await nodes[at]!.redis.run("CLUSTER", "ADDSLOTSRANGE", from, to);
  }
  for (const { redis } of nodes) await until(redis, `cluster_known_nodes:${nodes.length}`);
  for (let at = 0; at < MASTERS; at++) {
    const id = String(await nodes[at]!.redis.run("CLUSTER", "MYID"));
    const { redis } = nodes[at + MASTERS]!;
    // It must have heard of its master first.
    while (!(await replicates(redis, id))) await sleep(50);
  }
  for (const { redis } of nodes) await until(redis, "cluster_state:ok");
}

async function replicates(redis: TestRedis, id: string): Promise<boolean> {
  return redis.run("CLUSTER", "REPLICATE", id).then(
    () => true,
    () => false,
  );
}

async function until(redis: TestRedis, line: string): Promise<void> {
  while (!String(await redis.run("CLUSTER", "INFO")).includes(line)) await sleep(50);
}
