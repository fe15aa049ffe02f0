// The report of a simulation for people, and as one object for programs.

import type { LedgerCode } from "../../ledger/chart.ts";
import type { Books } from "../../simulation/proof.ts";
import type { Returns } from "../../simulation/returns.ts";
import type { SimulationOptions, SimulationReport } from "../../simulation/simulation.ts";
import { auditText, money, whole } from "../audit-text.ts";

type Asked = Omit<SimulationOptions, "onProgress">;
type Row = readonly [name: string, value: string, note: string];

export function simulationText(asked: Asked, report: SimulationReport, tookMs: number): string {
  const { lenders, borrowers, years, shards, seed, clockJumps } = asked;
  const { faults, replay, audit } = report;
  const years365 = `${years} year${years === 1 ? "" : "s"}`;
  const shardsText = `${shards} shard${shards === 1 ? "" : "s"}`;
  const outcome =
    faults.length === 0
      ? `ok: every invariant holds, in ${(tookMs / 1_000).toFixed(1)} s`
      : `NOT OK:\n${faults.map((fault) => `  ${fault}`).join("\n")}\n\n${auditText(audit)}`;
  return [
    `${whole(lenders)} lenders, ${whole(borrowers)} borrowers, ${years365}; ` +
      `${shardsText}, seed ${seed}${clockJumps ? `, ${whole(report.clockJumps)} clock jumps` : ""}`,
    "",
    ...rowsText(lendingRows(report)),
    "",
    ...booksText(report.books),
    "",
    ...returnsText(report.returns),
    "",
    `  Audited from the first entry: ${whole(audit.totals.entries)} entries, ` +
      `${whole(audit.totals.events)} events, ${whole(audit.totals.legs)} legs, ` +
      `${whole(audit.violationCount)} violations.`,
    `  Replayed: ${whole(replay.events)} events give the state of ${whole(replay.compared)} actors, ` +
      `${whole(replay.differing.length)} differ.`,
    `  Final hash ${replay.finalHash}`,
    "",
    outcome,
  ].join("\n");
}

function lendingRows({ loans, deeds, received, ...report }: SimulationReport): Row[] {
  const refused = Object.entries(deeds.refused).map(([code, count]) => `${code} ${count}`);
  const { audit } = report;
  return [
    ["loans", whole(loans.listed), "one after the other by another method"],
    ["  settled", whole(loans.settled), ""],
    ["  being repaid", whole(loans.repaying), ""],
    ["  in default", whole(loans.defaulted), `${deeds.recovered} paid again after it`],
    ["payments", whole(audit.totals.clearings), "divided among the lenders"],
    ["  by hand", whole(deeds.paidByHand), "on the day or late, whole or in halves"],
    ["  early", whole(deeds.repaidEarlyInFull + deeds.repaidEarlyInPart), earlyNote(deeds)],
    ["  refused", whole(sum(Object.values(deeds.refused))), refused.join(", ")],
    ["legs", whole(received.legs), "to a lender each"],
    ["  principal", money(received.principalCents), ""],
    ["  interest", money(received.interestCents), ""],
    ["  penalties", money(received.penaltyCents), ""],
    ["  service fees", money(received.serviceFeeCents), "taken from interest and penalties"],
    ["loaded again", whole(report.loadedFromSnapshots), "actors that had left memory"],
  ];
}

function earlyNote(deeds: SimulationReport["deeds"]): string {
  return `${deeds.repaidEarlyInFull} in full, ${deeds.repaidEarlyInPart} in part`;
}

const BOOK_NAMES: Readonly<Record<LedgerCode, string>> = {
  "asset.custody": "money at the custodian",
  "client.available": "clients, available",
  "client.held": "clients, held: mostly what borrowers spent",
  "loan.clearing": "loans, between payer and payee",
  transit: "in transit between shards",
  "revenue.origination": "origination fees",
  "revenue.service": "service fees",
  "revenue.early": "fees for repaying early",
  "memo.claim": "memo: claims of lenders",
  "memo.lost": "memo: written off",
  "memo.debt": "memo: debts of borrowers",
};

/** Debits and credits as accountants write them, and what is between them. */
function booksText({ totals, cashDifferenceCents, memoDifferenceCents }: Books): string[] {
  const line = (name: string, debit: string, credit: string, note: string): string =>
    `  ${name.padEnd(20)}${debit.padStart(18)}${credit.padStart(18)}  ${note}`.trimEnd();
  const codes = Object.keys(totals) as LedgerCode[];
  const rows = codes.map((code) => {
    const cents = totals[code];
    return line(
      code,
      cents > 0 ? money(cents) : "",
      cents < 0 ? money(-cents) : "",
      BOOK_NAMES[code] ?? "",
    );
  });
  return [
    line("books", "debit", "credit", ""),
    ...rows,
    line("difference", money(cashDifferenceCents), money(memoDifferenceCents), "cash, and memo"),
  ];
}

function returnsText({ lenders, byMethod, allPpm, defaultedCents }: Returns): string[] {
  const spread = [lenders.leastPpm, ...lenders.decilesPpm, lenders.mostPpm].map(percent);
  return [
    ...rowsText([
      [
        "returns a year",
        percent(allPpm),
        "money-weighted; claims at par, without accrued interest",
      ],
      ["  in default", money(defaultedCents), "of claims count for nothing"],
      ["  lenders", whole(lenders.count), `${whole(lenders.undefinedCount)} have none`],
    ]),
    `    least, deciles, most  ${spread.join("  ")}`,
    ...rowsText(
      byMethod.map(({ method, lentCents, annualPpm }) => [
        `  ${method}`,
        percent(annualPpm),
        `on ${money(lentCents)}`,
      ]),
    ),
  ];
}

function rowsText(rows: readonly Row[]): string[] {
  return rows.map(([name, value, note]) => {
    return `  ${name.padEnd(20)}${value.padStart(18)}  ${note}`.trimEnd();
  });
}

/** Millionths as percent, with two decimals. */
function percent(ppm: number | null): string {
  return ppm === null ? "none" : `${(ppm / 10_000).toFixed(2)} %`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Everything but the single loans and the text of violations beyond the kept ones. */
export function simulationJson(asked: Asked, report: SimulationReport, tookMs: number): object {
  const { audit, ...rest } = report;
  const { ok, violations, violationCount, totals } = audit;
  const { seed, lenders, borrowers, years, shards, clockJumps } = asked;
  return {
    asked: { seed, lenders, borrowers, years, shards, clockJumps },
    tookMs: Math.round(tookMs),
    ...rest,
    audit: { ok, violationCount, violations, totals },
  };
}
