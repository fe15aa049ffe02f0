// A golden journal of its own for a loan that an operator cancels: one that took bids, and one that
// was full.

import { accountId, loanId } from "../../actors/address.ts";
import { World } from "../support/world.ts";
import { readBatches, stamp, type GoldenJournal } from "./golden-journal.ts";

export async function writeGoldenCancel(version: string): Promise<GoldenJournal> {
  const world = await new World(1, { journalKeep: "all", checkpointMs: 3_600_000 }).start();
  for (const id of ["anna", "ben"]) {
    await world.ask({ type: "OpenAccount", accountId: accountId(id), ...stamp() });
    const deposit = { accountId: accountId(id), amountCents: 900_00, reference: `r-${id}` };
    await world.ask({ type: "Deposit", ...deposit, ...stamp() });
  }
  for (const [loan, principalCents] of [
    ["wanted", 900_00],
    ["full", 400_00],
  ] as const) {
    await world.listLoan(loan, { ...stamp(), principalCents });
    for (const lender of ["anna", "ben"]) {
      const { request } = world.bid(lender, loan, 200_00, { ...stamp() });
      await world.answered(request);
    }
    const cancel = { type: "CancelLoan", loanId: loanId(loan), reason: "a fraud" } as const;
    await world.ask({ ...cancel, by: accountId("olav"), ...stamp() });
  }
  await world.until(() => world.system.shard(0).run!.isSettled);
  const batches = world.stores[0]!.entries.filter(({ position }) => position.seq > 0).map(
    ({ payload }) => payload.toString("base64"),
  );
  await world.stop();
  return { version, batches, ...(await readBatches(batches)) };
}
