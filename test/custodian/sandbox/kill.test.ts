// The sandbox is killed, again and again, while payouts are on their way: nothing that it
// acknowledged is lost, nothing is paid twice, and the outbox drains when it is back.

import { open, readFile, stat } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemEnvironment } from "../../../src/custodian/environment.ts";
import { OUTBOX_LIMITS, PayoutOutbox } from "../../../src/custodian/outbox.ts";
import { statementDateOf } from "../../../src/custodian/statement-date.ts";
import { startProgram } from "../../cli/program.ts";
import { CallbackReceiver } from "../callback-receiver.ts";
import { order, orders } from "../orders.ts";
import { SandboxProcess } from "../sandbox-process.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("A sandbox that is killed", () => {
  test("in the middle of everything has each payout once, and each notice is told", async () => {
    const receiver = await CallbackReceiver.start();
    const options = ["--booking-delay-ms", "20", "--callback-url", receiver.url];
    const bank = await SandboxProcess.start(options);
    receiver.keys = await bank.keys();
    await bank.deposit("funds", 10_000_000, "funds");
    const client = await bank.client();
    const settled = new Set<string>();
    const outbox = new PayoutOutbox({
      custodian: client,
      environment: systemEnvironment,
      limits: { ...OUTBOX_LIMITS, attempts: { delayMsFirst: 10, delayMsMax: 50 } },
      settled: ({ reference }, { kind }) => {
        expect(kind).toBe("accepted");
        expect(settled.has(reference)).toBe(false);
        settled.add(reference);
      },
    });
    onTestFinished(() => outbox.close());
    const sent = orders(240);
    const acknowledgedAtKill: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (const each of sent.slice(round * 60, round * 60 + 60)) outbox.offer(each);
      // Early enough that some are not sent yet, at another moment in each round.
      while (settled.size < round * 60 + 5 + round * 10) await sleep(1);
      await bank.kill();
      acknowledgedAtKill.push(settled.size - round * 60);
      await sleep(60);
      await bank.start();
      const acknowledged = [...settled];
      while (outbox.depth > 0) await sleep(5);
      for (const reference of acknowledged) {
        expect(await client.findPayout(order(reference).reference)).toMatchObject({
          kind: "found",
        });
      }
    }
    expect(
      acknowledgedAtKill.some((count) => count < 60),
      "a kill under load",
    ).toBe(true);
    await bank.atRest();
    const paidCents = sent.reduce((sum, { amountCents }) => sum + amountCents, 0);
    expect(await bank.health()).toMatchObject({
      balanceCents: 10_000_000 - paidCents,
      reservedCents: 0,
      entries: sent.length + 1,
    });
    const read = await client.readStatement(statementDateOf(Date.now(), 480));
    if (read.kind !== "read") throw new Error(JSON.stringify(read));
    const references = read.statement.lines.map(({ reference }) => reference).sort();
    expect(references).toEqual(["funds", ...sent.map(({ reference }) => reference)].sort());
    for (const { reference } of sent) expect(receiver.told.get(reference)).toBe("payout_confirmed");
  }, 120_000);

  test("opens the circuit while it is away, closes it again, and the queue drains", async () => {
    const bank = await SandboxProcess.start(["--booking-delay-ms", "0"]);
    await bank.deposit("funds", 10_000_000);
    const client = await bank.client();
    const outbox = new PayoutOutbox({
      custodian: client,
      environment: systemEnvironment,
      limits: { ...OUTBOX_LIMITS, attempts: { delayMsFirst: 10, delayMsMax: 50 } },
      settled: () => undefined,
    });
    onTestFinished(() => outbox.close());
    await bank.kill();
    for (const each of orders(500)) expect(outbox.offer(each)).toBe("queued");
    while (client.circuitState !== "open") await sleep(1);
    await sleep(400);
    expect(outbox.depth).toBe(500);
    const { attempts } = client.counters;
    // Some 400 ms at one probe every 30 to 100 ms, not one attempt for each of 500 orders.
    expect(attempts).toBeLessThan(60);
    expect(client.circuitOpenings).toBeGreaterThan(1);
    await bank.start();
    while (outbox.depth > 0) await sleep(5);
    expect(client.circuitState).toBe("closed");
    expect(outbox.mode).toBe("flowing");
    expect(await bank.atRest()).toMatchObject({ entries: 501 });
  }, 120_000);

  test("starts from a file whose last line was torn at any place, without that line", async () => {
    const bank = await SandboxProcess.start();
    await bank.deposit("alice", 1, "d-1");
    await bank.deposit("alice", 2, "d-2");
    await bank.kill();
    const whole = await readFile(bank.file);
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (const size of [lastLine + 1, (lastLine + whole.length) >> 1, whole.length - 1]) {
      const file = await open(bank.file, "r+");
      await file.truncate(size);
      await file.close();
      await bank.start();
      expect(await bank.health()).toMatchObject({ balanceCents: 1, entries: 1 });
      expect((await stat(bank.file)).size).toBe(lastLine);
      await bank.deposit("alice", 2, "d-2");
      await bank.kill();
    }
  }, 60_000);

  test("does not start from a file that is not what it has written", async () => {
    const bank = await SandboxProcess.start();
    await bank.deposit("alice", 1_000, "d-1");
    expect(await bank.stop()).toBe(0);
    const good = await readFile(bank.file, "utf8");
    const spoilt: readonly (readonly [string, RegExp])[] = [
      [good.replace('"n":2', '"n":3'), /line 2 is not event 2/],
      [good.replace("deposit_booked", "deposit_bookeD"), /line 2 is not event 2/],
      [good.replace('"amountCents":1000', '"amountCents":-1000'), /line 2 is not event 2/],
      [good.slice(good.indexOf("\n") + 1), /line 1 is not event 1/],
      [good + good.split("\n")[1]!.replace('"n":2', '"n":3') + "\n", /line 3 cannot be true/],
      ["x".repeat(10_000), /line 1 has no end/],
    ];
    for (const [text, says] of spoilt) {
      const file = await open(bank.file, "w");
      await file.writeFile(text);
      await file.close();
      await expect(bank.start()).rejects.toThrow(says);
      expect(await readFile(bank.file, "utf8")).toBe(text);
    }
  }, 60_000);

  test("shares its file with no other sandbox", async () => {
    const bank = await SandboxProcess.start();
    const { child, ended } = startProgram([
      ...["custodian", "--port", "0", "--file", bank.file, "--secret-file", bank.keyFile],
    ]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/another sandbox uses/);
    expect(code).toBe(2);
    expect(await bank.health()).toMatchObject({ entries: 0 });
  }, 60_000);
});
