// Reads a PostgreSQL peer's final state, by sums over its rows.

import type { PeerBooks } from "./books.ts";
import type { PostgresCluster } from "./postgres-cluster.ts";

interface LoanRow {
  readonly raised: string;
  readonly bids: string;
  readonly rows: string;
  readonly recorded: string;
  readonly repaid: string;
  readonly repayments: string;
  readonly credits: string;
  readonly credited: string;
}

export async function postgresBooks(cluster: PostgresCluster): Promise<PeerBooks> {
  const sql = cluster.connect();
  try {
    const loans = await sql<LoanRow[]>`
      select case when borrower is null then raised else 0 end as raised, bids,
             coalesce(b.n, 0) as rows, coalesce(b.m, 0) as recorded, repaid, repayments,
             coalesce(e.n, 0) as credits, coalesce(e.m, 0) as credited
        from loan
        left join (select loan_id, count(*) n, sum(amount) m from bid group by loan_id) b
          on b.loan_id = loan.id
        left join (select loan_id, count(*) n, sum(amount) m from entry group by loan_id) e
          on e.loan_id = loan.id
       order by loan.id`;
    const [money] = await sql<{ available: string; held: string }[]>`
      select sum(available) as available, sum(held) as held from account`;
    return {
      loans: loans.map((row) => ({
        raisedCents: Number(row.raised),
        // A row that is missing shows here, one that is wrong in the sum.
        bids: row.bids === row.rows ? Number(row.bids) : -1,
        recordedCents: Number(row.recorded),
        repaidCents: Number(row.repaid),
        repayments: Number(row.repayments),
        credits: Number(row.credits),
        creditedCents: Number(row.credited),
      })),
      availableCents: Number(money!.available),
      heldCents: Number(money!.held),
    };
  } finally {
    await sql.end({ timeout: 1 });
  }
}
