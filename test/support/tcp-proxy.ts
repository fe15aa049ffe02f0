// Stands between a client and a server, on loopback, and does to their bytes what networks do:
// delays them, cuts connections, loses answers, and delivers a dead client's backlog late.

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** What the client sent and the server has not been given yet, while held. */
  backlog: Buffer[];
  clientGone: boolean;
  ended: boolean;
}

export interface Target {
  readonly port: number;
}

export class TcpProxy {
  /** Each direction is late by so much, in ms. */
  delayMs = 0;
  /** Answers are swallowed from now on, on all connections, old and new. */
  dropReplies = false;
  /** New connections are refused. */
  refuse = false;
  /** Called with each chunk that a client sent, before it is delivered. */
  onRequest: (chunk: Buffer) => void = () => {};
  /** Called with each chunk that the server answered, before it is delivered or swallowed. */
  onReply: (chunk: Buffer) => void = () => {};
  /** How often a client has connected. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #target: Target;
  #holding = false;

  static async start(target: Target): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, target);
  }

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.#target = target;
    server.on("connection", (client) => this.#join(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Where new connections lead from now on: a failover. */
  retarget(target: Target): void {
    this.#target = target;
  }

  #join(client: Socket): void {
    this.connections++;
    if (this.refuse) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: "127.0.0.1", port: this.#target.port, noDelay: true });
    const pair: Pair = { client, upstream, backlog: [], clientGone: false, ended: false };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    client.on("data", (chunk) => {
      this.onRequest(chunk);
      this.#later(() => {
        if (this.#holding || pair.backlog.length > 0) pair.backlog.push(chunk);
        else if (!upstream.destroyed) upstream.write(chunk);
      });
    });
    upstream.on("data", (chunk) => {
      this.onReply(chunk);
      this.#later(() => {
        if (!this.dropReplies && !client.destroyed) client.write(chunk);
      });
    });
    client.on("error", () => {});
    upstream.on("error", () => {});
    client.on("close", () => {
      pair.clientGone = true;
      // What the client had sent is still on its way; the server is not told before it arrived.
      this.#later(() => {
        if (pair.backlog.length === 0) this.#endUpstream(pair);
      });
    });
    upstream.on("close", () => {
      client.destroy();
      this.#pairs.delete(pair);
    });
  }

  #later(task: () => void): void {
    if (this.delayMs === 0) task();
    else setTimeout(task, this.delayMs);
  }

  #endUpstream(pair: Pair): void {
    if (pair.ended) return;
    pair.ended = true;
    pair.upstream.end();
  }

  /** From now on nothing that clients send is delivered, but nothing of it is lost either. */
  hold(): void {
    this.#holding = true;
  }

  /** New connections are delivered at once again; what was held stays held. */
  passNew(): void {
    for (const pair of this.#pairs) {
      // An empty chunk keeps what is behind it in the backlog.
      if (pair.backlog.length === 0) pair.backlog.push(Buffer.alloc(0));
    }
    this.#holding = false;
  }

  /** Delivers what was held, also of clients that have gone. */
  deliver(): void {
    this.#holding = false;
    for (const pair of this.#pairs) {
      const backlog = pair.backlog;
      pair.backlog = [];
      for (const chunk of backlog) {
        if (chunk.length > 0) pair.upstream.write(chunk);
      }
      if (pair.clientGone) this.#endUpstream(pair);
    }
  }

  get heldBytes(): number {
    let bytes = 0;
    for (const pair of this.#pairs) {
      for (const chunk of pair.backlog) bytes += chunk.length;
    }
    return bytes;
  }

  /** Cuts the clients off. What they had sent is still delivered to the server. */
  cutClients(): void {
    for (const pair of this.#pairs) pair.client.destroy();
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) {
      pair.client.destroy();
      pair.upstream.destroy();
    }
    this.#server.close();
    await once(this.#server, "close");
  }
}
