// A golden journal of its own for rules 2 of lending, and for references that are
// kept: a loan by days over the border of a leap year, a part of it too small and one
// that is taken, and the rest in full.

import { accountId, loanId } from "../../actors/address.ts";
import { fromCivil } from "../../src/lending/business-date.ts";
import { World } from "../support/world.ts";
import { readBatches, stamp, type GoldenJournal } from "./golden-journal.ts";

export async function writeGoldenRules(version: string): Promise<GoldenJournal> {
  const world = await new World(1, { journalKeep: "all", checkpointMs: 3_600_000 }).start();
  const deposit = async (id: string, amountCents: number, reference: string) => {
    const fields = { accountId: accountId(id), amountCents, reference };
    await world.ask({ type: "Deposit", ...fields, ...stamp() });
  };
  for (const id of ["anna", "ben", "debtor"]) {
    await world.ask({ type: "OpenAccount", accountId: accountId(id), ...stamp() });
    await deposit(id, 1_000_00, `r-${id}`);
  }
  await deposit("anna", 5_00, "r-anna");
  const bank = { accountId: accountId("anna"), amountCents: 1_000_00, bookedAtMs: world.nowMs };
  await world.note({ type: "BookDeposit", ...bank, reference: "r-anna" });
  const july = fromCivil({ year: 2027, month: 7, dayOfMonth: 1 });
  await world.system.advanceTo(july);
  await world.listLoan("days", {
    ...stamp(),
    borrowerId: accountId("debtor"),
    method: "bullet_days",
    term: 366,
    basisDays: 0,
    rateBps: 1_200,
    earlyFeeBps: 100,
    disbursesAtOnce: true,
  });
  for (const lender of ["anna", "ben"]) {
    await world.answered(world.bid(lender, "days", 500_00, stamp()).request);
  }
  const repay = async (amountCents: number, mode: string) => {
    const fields = { loanId: loanId("days"), amountCents, mode };
    await world.ask({ type: "RepayLoan", ...fields, ...stamp() }, "debtor");
  };
  await world.until(() => world.system.shard(0).run!.isSettled);
  const newYear = fromCivil({ year: 2028, month: 1, dayOfMonth: 1 });
  await world.system.advanceTo(newYear);
  await repay(99_99, "early_keep_term");
  await repay(300_00, "early_keep_term");
  await world.system.advanceTo(newYear + 30);
  await repay(900_00, "early_full");
  await world.until(() => world.system.shard(0).run!.isSettled);
  const batches = world.stores[0]!.entries.filter(({ position }) => position.seq > 0).map(
    ({ payload }) => payload.toString("base64"),
  );
  await world.stop();
  return { version, batches, ...(await readBatches(batches)) };
}
