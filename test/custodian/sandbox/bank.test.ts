// The sandbox bank as a process of its own: what it answers to what, and what is the same after it
// was killed.

import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { cents } from "../../../src/money/cents.ts";
import type { StatementDate } from "../../../src/custodian/statement-date.ts";
import { statementDateOf } from "../../../src/custodian/statement-date.ts";
import { reconcile, booksOf } from "../../../src/custodian/reconcile.ts";
import { CallbackReceiver } from "../callback-receiver.ts";
import { order } from "../orders.ts";
import { SandboxProcess } from "../sandbox-process.ts";

const QUICK = ["--booking-delay-ms", "0"];
const SLOW = ["--booking-delay-ms", "3600000"];

/** A request as somebody types it, with a path that no URL would let through. */
function raw(url: string, method: string, path: string, body = "", headers = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, method, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    asked.once("error", reject);
    asked.end(body);
  });
}

describe("The sandbox", () => {
  test("pays an order once, however often it comes, and never another one under its name", async () => {
    const bank = await SandboxProcess.start(QUICK);
    const client = await bank.client();
    await bank.deposit("alice", 5_000, "d-1");
    const sent = await Promise.all(
      Array.from({ length: 20 }, () => client.sendPayout(order("w-1"))),
    );
    for (const each of sent) expect(each).toMatchObject({ kind: "accepted" });
    const conflict = { kind: "conflict" };
    expect(await client.sendPayout(order("w-1", { amountCents: cents(1) }))).toEqual(conflict);
    expect(await client.sendPayout(order("w-1", { beneficiary: "mallory" }))).toEqual(conflict);
    const health = await bank.atRest();
    expect(health).toMatchObject({ balanceCents: 4_000, reservedCents: 0, entries: 2 });
    expect(await client.sendPayout(order("w-1"))).toMatchObject({
      kind: "accepted",
      payout: { status: "booked" },
    });
  }, 60_000);

  test("refuses what the account does not cover, what is promised included, and stays with it", async () => {
    const bank = await SandboxProcess.start(SLOW);
    const client = await bank.client();
    await bank.deposit("alice", 1_500);
    const refused = { kind: "refused", reason: "insufficient_funds" };
    expect(await client.sendPayout(order("w-1"))).toMatchObject({ kind: "accepted" });
    expect(await client.sendPayout(order("w-2"))).toEqual(refused);
    await bank.deposit("alice", 1_000_000);
    expect(await client.sendPayout(order("w-2"))).toEqual(refused);
    expect(await client.sendPayout(order("w-3"))).toMatchObject({ kind: "accepted" });
    await bank.kill();
    await bank.start();
    expect(await client.sendPayout(order("w-2"))).toEqual(refused);
    expect(await client.findPayout(order("w-1").reference)).toMatchObject({
      kind: "found",
      payout: { status: "pending" },
    });
    expect(await client.findPayout(order("w-9").reference)).toEqual({ kind: "not_found" });
    expect(await bank.health()).toMatchObject({ balanceCents: 1_001_500, reservedCents: 2_000 });
  }, 60_000);

  test("books a deposit once for each reference", async () => {
    const bank = await SandboxProcess.start();
    await Promise.all(Array.from({ length: 10 }, () => bank.deposit("alice", 700, "d-1")));
    const other = { accountId: "bob", amountCents: 700, reference: "d-1" };
    expect(await bank.ask("POST", "/sandbox/deposits", other)).toEqual([
      409,
      { error: "reference_conflict", reference: "d-1" },
    ]);
    expect(await bank.health()).toMatchObject({ balanceCents: 700, entries: 1 });
  }, 60_000);

  test("tells of each deposit and payout, again until it is answered, also after a kill", async () => {
    const receiver = await CallbackReceiver.start();
    receiver.answer = () => 503;
    const bank = await SandboxProcess.start([...QUICK, "--callback-url", receiver.url]);
    receiver.keys = await bank.keys();
    const client = await bank.client();
    await bank.deposit("alice", 5_000, "d-1");
    await client.sendPayout(order("w-1"));
    while ((await bank.health()).noticesSent < 5) await new Promise((r) => setTimeout(r, 10));
    await bank.kill();
    expect(receiver.notices).toEqual([]);
    receiver.answer = () => 204;
    await bank.start();
    expect(await bank.atRest()).toMatchObject({ noticesPending: 0 });
    expect(Object.fromEntries(receiver.told)).toEqual({
      "d-1": "deposit_booked",
      "w-1": "payout_confirmed",
    });
    expect(receiver.refusals).toEqual([]);
  }, 60_000);

  test("gives a statement that matches line by line what it has told", async () => {
    const receiver = await CallbackReceiver.start();
    const bank = await SandboxProcess.start([...QUICK, "--callback-url", receiver.url]);
    receiver.keys = await bank.keys();
    const client = await bank.client();
    for (let at = 1; at <= 20; at++) await bank.deposit(`a-${at}`, 1_000 + at);
    for (let at = 1; at <= 10; at++) await client.sendPayout(order(`w-${at}`));
    await bank.atRest();
    const today = statementDateOf(Date.now(), 480);
    const read = await client.readStatement(today);
    if (read.kind !== "read") throw new Error(JSON.stringify(read));
    expect(read.statement).toMatchObject({ openingCents: 0, isFinal: false });
    const told = receiver.notices.map(({ type, reference, amountCents, ...notice }) => ({
      kind: type === "deposit_booked" ? ("deposit" as const) : ("payout" as const),
      reference,
      amountCents,
      date: statementDateOf("bookedAtMs" in notice ? notice.bookedAtMs : NaN, 480),
    }));
    const { closingCents } = read.statement;
    const found = reconcile(booksOf(read.statement), {
      openingCents: cents(0),
      closingCents,
      lines: told,
    });
    expect(found).toEqual({ matchedLines: 30, differences: [] });
    expect(closingCents).toBe((await bank.health()).balanceCents);
    const empty = await client.readStatement("2020-01-01" as StatementDate);
    expect(empty).toMatchObject({ statement: { lines: [], closingCents: 0, isFinal: true } });
    const future = await client.readStatement("2999-01-01" as StatementDate);
    expect(future).toMatchObject({ kind: "unknown", fault: "rejected" });
  }, 60_000);

  test("answers nothing to whoever does not have the key", async () => {
    const bank = await SandboxProcess.start();
    const body = JSON.stringify(order("w-1"));
    const json = { "content-type": "application/json" };
    for (const [method, path] of [
      ["POST", "/payouts"],
      ["GET", "/payouts/w-1"],
      ["GET", "/statement?date=2026-11-24"],
      ["DELETE", "/"],
    ] as const) {
      expect(await raw(bank.url, method, path, method === "POST" ? body : "", json)).toBe(401);
    }
    expect(await bank.health()).toMatchObject({ payoutsPending: 0 });
  }, 60_000);

  test("stays up, whatever it is sent", async () => {
    const bank = await SandboxProcess.start();
    const json = { "content-type": "application/json" };
    const deposits = "/sandbox/deposits";
    const deposit = JSON.stringify({ accountId: "alice", amountCents: 1 });
    const hostile: readonly (readonly [string, string, string, object, number])[] = [
      ["GET", "//", "", {}, 401],
      ["GET", "/%ff%00", "", {}, 401],
      ["GET", "http://[", "", {}, 401],
      ["OPTIONS", "*", "", {}, 401],
      ["GET", "/sandbox/../sandbox/nothing", "", {}, 404],
      ["POST", deposits, deposit, { "content-type": "text/plain" }, 400],
      ["POST", deposits, "{", json, 400],
      ["POST", deposits, "[]", json, 400],
      ["POST", deposits, '{"accountId":"alice","amountCents":0}', json, 400],
      ["POST", deposits, '{"accountId":"alice","amountCents":9007199254740993}', json, 400],
      ["POST", deposits, '{"accountId":"../x","amountCents":1}', json, 400],
      ["POST", deposits, `{"x":"${"x".repeat(20_000)}"}`, json, 413],
      ["PUT", "/sandbox/faults", '{"failRate":1.1}', json, 400],
      ["PUT", "/sandbox/faults", '{"failRat":0}', json, 400],
      ["PUT", "/sandbox/faults", '{"toString":0}', json, 400],
      ["PUT", "/sandbox/faults", '{"slowMs":-1}', json, 400],
    ];
    for (const [method, path, body, headers, status] of hostile) {
      expect(await raw(bank.url, method, path, body, headers), `${method} ${path} ${body}`).toBe(
        status,
      );
    }
    expect(await bank.health()).toMatchObject({ entries: 0 });
  }, 60_000);
});
