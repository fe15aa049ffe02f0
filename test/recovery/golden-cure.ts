// A golden journal of its own for a default that is cured, of a loan whose first bid was cancelled
// and made again.

import { accountId, loanId } from "../../actors/address.ts";
import { World } from "../support/world.ts";
import { readBatches, stamp, type GoldenJournal } from "./golden-journal.ts";

export async function writeGoldenCure(version: string): Promise<GoldenJournal> {
  const world = await new World(1, { journalKeep: "all", checkpointMs: 3_600_000 }).start();
  const deposit = async (id: string, amountCents: number) => {
    const fields = { accountId: accountId(id), amountCents, reference: `r-${id}` };
    await world.ask({ type: "Deposit", ...fields, ...stamp() });
  };
  for (const id of ["anna", "ben"]) {
    await world.ask({ type: "OpenAccount", accountId: accountId(id), ...stamp() });
    await deposit(id, 900_00);
  }
  const bid = async (lender: string, loan: string, amountCents: number) => {
    return world.answered(world.bid(lender, loan, amountCents, { ...stamp() }).request);
  };
  const terms = { disbursesAtOnce: true, rateBps: 900, term: 12, penaltyPpm: 400 };
  const debt = { ...terms, ...stamp(), principalCents: 400_00, borrowerId: accountId("debtor") };
  await world.listLoan("debt", debt);
  await bid("anna", "debt", 200_00);
  await world.ask({ type: "CancelBid", bidId: 1, ...stamp() }, "anna");
  await bid("ben", "debt", 200_00);
  await bid("anna", "debt", 200_00);
  // The borrower has lent the money on.
  await world.listLoan("sink", { ...stamp(), borrowerId: accountId("sinker") });
  await bid("debtor", "sink", 400_00);
  const day = world.system.businessDay;
  await world.system.advanceTo(day + 130);
  const proposal = {
    type: "ProposeWriteOff",
    loanId: loanId("debt"),
    reason: "no answer",
  } as const;
  await world.ask({ ...proposal, by: accountId("oda"), ...stamp() });
  await deposit("debtor", 300_00);
  await world.system.advanceTo(day + 131);
  await world.until(() => world.system.shard(0).run!.isSettled);
  const batches = world.stores[0]!.entries.filter(({ position }) => position.seq > 0).map(
    ({ payload }) => payload.toString("base64"),
  );
  await world.stop();
  return { version, batches, ...(await readBatches(batches)) };
}
