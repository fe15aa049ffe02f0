// Where a watch goes on after a lost connection, with receipts that are still to come.

import { expect, test } from "vitest";
import { AccountWatch, type AccountUpdate } from "../../src/client/account-watch.ts";
import type { WatchPort } from "../../src/client/watch.ts";

interface AskedOnce {
  readonly fields: object;
  answer(entry: number, resumed: boolean): void;
}

function watch(receipts: boolean) {
  const asked: AskedOnce[] = [];
  const told: string[] = [];
  const port: WatchPort = {
    ask: (_operation, fields, _bound, resolve) => {
      const answer = (entry: number, resumed: boolean) =>
        resolve({ accountId: "ann", availableCents: 0, heldCents: 0, openBids: 0, entry, resumed });
      asked.push({ fields, answer });
    },
    over: () => undefined,
  };
  const listener = (update: AccountUpdate) => {
    if (update.kind === "entry" || update.kind === "receipt") {
      const no = update.kind === "entry" ? update.entry.entry : update.entry.entry;
      told.push(`${update.kind} ${no}`);
    } else if (update.kind === "snapshot") told.push(update.resumed ? "resumed" : "start");
  };
  const made = new AccountWatch(
    { accountId: "ann", after: null, receipts },
    port,
    listener,
    () => undefined,
  );
  const entry = (no: number, kind = "repayment_received") =>
    made.pushed({ accountId: "ann", entry: no, kind }, "account.entry");
  const receipt = (no: number) => made.pushed({ entry: no, path: [] }, "clearing.receipt");
  return { made, asked, told, entry, receipt };
}

test("A watch without receipts goes on behind the last entry, and passes over receipts", () => {
  const { made, asked, told, entry, receipt } = watch(false);
  made.begin();
  expect(asked[0]!.fields).toEqual({ accountId: "ann", after: null, receipts: null });
  asked[0]!.answer(6, false);
  entry(7);
  receipt(7);
  made.resume();
  expect(asked[1]!.fields).toEqual({ accountId: "ann", after: 7, receipts: null });
  expect(told).toEqual(["start", "entry 7"]);
});

test("A watch with receipts goes on before the oldest entry without one, and tells none twice", () => {
  const { made, asked, told, entry, receipt } = watch(true);
  made.begin();
  asked[0]!.answer(6, false);
  entry(7);
  entry(8);
  entry(9, "deposit");
  receipt(7);
  made.resume();
  expect(asked[1]!.fields).toEqual({ accountId: "ann", after: 7, receipts: true });
  asked[1]!.answer(9, true);
  entry(8);
  entry(9, "deposit");
  receipt(8);
  receipt(8);
  expect(told).toEqual([
    ...["start", "entry 7", "entry 8", "entry 9"],
    ...["receipt 7", "resumed", "receipt 8"],
  ]);
});

test("Where receipts are too far back, entries go on as if there were none", () => {
  const { made, asked, told, entry } = watch(true);
  made.begin();
  asked[0]!.answer(6, false);
  entry(7);
  for (let no = 8; no < 90; no++) entry(no, "deposit");
  told.length = 0;
  made.resume();
  expect(asked[1]!.fields).toMatchObject({ after: 6 });
  asked[1]!.answer(90, false);
  expect(asked[2]!.fields).toMatchObject({ after: 89 });
  // Live already, between the two answers: it comes again behind the second one.
  entry(91);
  asked[2]!.answer(91, true);
  entry(90);
  entry(91);
  expect(told).toEqual(["resumed", "entry 90", "entry 91"]);
});
