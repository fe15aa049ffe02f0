import { describe, expect, test } from "vitest";
import type { ServerMessage } from "../../src/protocol/decode-reply.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import type { OperationName } from "../../src/protocol/table.ts";
import type { LoanloomErrorCode } from "../../src/client/loanloom-error.ts";
import { RequestTable } from "../../src/client/request-table.ts";

const IN_FLIGHT_MAX = 4;

/** A table with a server that answers when it is told to, and numbers for request ids. */
class World {
  nowMs = 1_000;
  readonly sent: { readonly id: number; readonly stamp: number; readonly name: string }[] = [];
  readonly done: string[] = [];
  readonly failed: [name: string, code: LoanloomErrorCode][] = [];
  readonly aheadMs: number[] = [];
  #stamp = 0;
  readonly table = new RequestTable(
    { inFlightMax: IN_FLIGHT_MAX, unsettledMax: 100, retry: { delayMsFirst: 50, delayMsMax: 50 } },
    () => 0.5,
  );

  connect(): void {
    this.table.connected((_: OperationName, id, fields) => {
      this.sent.push({ id, ...(fields as { stamp: number; name: string }) });
    });
  }

  ask(name: string, isOurs = true): void {
    const fields = { name, stamp: isOurs ? ++this.#stamp : -1 };
    this.table.ask(
      {
        operation: "bid.place",
        fields,
        requestId: name,
        restamp: isOurs
          ? (_, aheadMs) => {
              this.aheadMs.push(aheadMs);
              fields.stamp = ++this.#stamp;
            }
          : null,
        deadlineMs: 10_000,
        bound: false,
        resolve: () => void this.done.push(name),
        reject: ({ code }) => void this.failed.push([name, code]),
      },
      this.nowMs,
    );
  }

  get last() {
    return this.sent.at(-1)!;
  }

  accept(id: number): void {
    const message = { kind: "reply", id, operation: "bid.place", view: {}, position: "" };
    this.table.answered(message as unknown as ServerMessage, this.nowMs);
  }

  refuse(id: number, code: ErrorCode, retryAfterMs: number | null = 100): void {
    const message = { kind: "error", id, code, detail: null, retryAfterMs };
    this.table.answered(message as unknown as ServerMessage, this.nowMs);
  }

  sweepAfter(ms: number): void {
    this.nowMs += ms;
    this.table.sweep(this.nowMs);
  }

  names(from = 0): string[] {
    return this.sent.slice(from).map(({ name }) => name);
  }
}

describe("RequestTable", () => {
  test("a used-up allowance holds up what comes behind, and all go on in the order of asking", () => {
    const world = new World();
    world.connect();
    for (const name of ["a", "b", "c", "d", "e", "f"]) world.ask(name);
    expect(world.names()).toEqual(["a", "b", "c", "d"]);
    world.refuse(world.sent[0]!.id, "rate_limited");
    world.accept(world.sent[1]!.id);
    expect(world.sent.length).toBe(4);
    world.sweepAfter(100);
    expect(world.names(4)).toEqual(["a", "e"]);
    for (const { id } of world.sent) world.accept(id);
    expect(world.names(6)).toEqual(["f"]);
    world.accept(world.last.id);
    expect(world.done).toEqual(["b", "a", "c", "d", "e", "f"]);
  });

  test("what waited to be sent, or was not carried out, is sent with an id of then", () => {
    const world = new World();
    world.ask("waits");
    world.ask("chosen", false);
    expect(world.last).toBeUndefined();
    world.connect();
    world.ask("at once");
    expect(world.sent.map(({ name, stamp }) => [name, stamp])).toEqual([
      ["waits", 2],
      ["chosen", -1],
      ["at once", 3],
    ]);
    world.refuse(world.sent[0]!.id, "server_busy");
    world.refuse(world.sent[1]!.id, "server_busy");
    world.sweepAfter(100);
    expect(world.sent.slice(3).map(({ name, stamp }) => [name, stamp])).toEqual([
      ["waits", 4],
      ["chosen", -1],
    ]);
    expect(world.aheadMs).toEqual([0, 0]);
  });

  test("what may have been carried out keeps its id, whatever it is told the second time", () => {
    const world = new World();
    world.connect();
    world.ask("lost");
    world.table.disconnected();
    world.connect();
    world.refuse(world.last.id, "rate_limited");
    world.sweepAfter(100);
    world.refuse(world.last.id, "unavailable");
    world.sweepAfter(100);
    expect(world.sent.map(({ stamp }) => stamp)).toEqual([1, 1, 1, 1]);
    world.ask("doubtful");
    world.refuse(world.last.id, "unavailable");
    world.sweepAfter(100);
    world.refuse(world.last.id, "rate_limited");
    world.sweepAfter(100);
    expect(world.sent.slice(4).map(({ stamp }) => stamp)).toEqual([2, 2, 2]);
  });

  test("an id that is ahead of the server's clock is made anew, a few times", () => {
    const world = new World();
    world.connect();
    world.ask("early");
    world.ask("chosen", false);
    world.refuse(world.sent[1]!.id, "request_id_ahead", 3_600_000);
    expect(world.failed).toEqual([["chosen", "request_id_ahead"]]);
    world.refuse(world.sent[0]!.id, "request_id_ahead", 3_600_000);
    expect(world.last).toMatchObject({ name: "early", stamp: 2 });
    expect(world.aheadMs).toEqual([3_600_000]);
    for (let times = 0; times < 3; times++) world.refuse(world.last.id, "request_id_ahead", 7);
    expect(world.failed.at(-1)).toEqual(["early", "request_id_ahead"]);
    expect(world.sent.length).toBe(5);
  });

  test("an id that is ahead is made anew however often the request had to wait before", () => {
    const world = new World();
    world.connect();
    world.ask("waited");
    for (let times = 0; times < 5; times++) {
      world.refuse(world.last.id, "rate_limited");
      world.sweepAfter(100);
    }
    world.refuse(world.last.id, "request_id_ahead", 7);
    expect(world.failed).toEqual([]);
    expect(world.aheadMs.at(-1)).toBe(7);
    world.accept(world.last.id);
    expect(world.done).toEqual(["waited"]);
  });
});
