// A golden journal of its own for the custodian bank: withdrawals that are paid, that fail and that
// are still held, and deposits, each told twice.

import { accountId } from "../../actors/address.ts";
import { World } from "../support/world.ts";
import { readBatches, stamp, type GoldenJournal } from "./golden-journal.ts";

export async function writeGoldenCustody(version: string): Promise<GoldenJournal> {
  const world = await new World(1, { journalKeep: "all", checkpointMs: 3_600_000 }).start();
  const anna = accountId("anna");
  await world.ask({ type: "OpenAccount", accountId: anna, ...stamp() });
  const withdraw = async (amountCents: number) => {
    await world.ask({ type: "Withdraw", amountCents, beneficiary: "bank 1", ...stamp() }, "anna");
  };
  for (let time = 0; time < 2; time++) {
    for (const [reference, amountCents] of [
      ["d-1", 700_00],
      ["d-2", 1],
    ] as const) {
      const deposit = { type: "BookDeposit", accountId: anna, reference, amountCents } as const;
      await world.note({ ...deposit, bookedAtMs: world.nowMs });
    }
  }
  for (const amountCents of [100_00, 200_00, 300_00, 500_00]) await withdraw(amountCents);
  const { nowMs: bookedAtMs } = world;
  const paid = { accountId: anna, withdrawalNo: 1, amountCents: 100_00, bookedAtMs };
  await world.note({ type: "ConfirmWithdrawal", ...paid });
  const back = { accountId: anna, withdrawalNo: 2, amountCents: 200_00, reason: "closed" };
  await world.note({ type: "FailWithdrawal", ...back });
  await world.until(() => world.system.shard(0).run!.isSettled);
  const batches = world.stores[0]!.entries.filter(({ position }) => position.seq > 0).map(
    ({ payload }) => payload.toString("base64"),
  );
  await world.stop();
  return { version, batches, ...(await readBatches(batches)) };
}
