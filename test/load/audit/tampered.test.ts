// A real run, once: its journal and its clients' logs. Then each log is tampered with in one place,
// and the audit must find it: an audit that cannot fail proves nothing.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RequestId } from "../../../actors/address.ts";
import { recordsOf, type ClientRecords } from "../../../load/audit/client-records.ts";
import { auditJournal } from "../../../load/audit/journal-audit.ts";
import { RequestLog } from "../../../load/driver/request-log.ts";
import { namesOf } from "../../../load/scenarios/world.ts";
import type { ClientAction } from "../../../src/history/client-actions.ts";
import type { ClientRequest } from "../../../src/history/client-log.ts";

const PROGRAM = fileURLToPath(new URL("../../../dist/load/load.js", import.meta.url));

let folder: string;
let kept: string;
let records: ClientRecords;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "loanloom-tampered-"));
  const world = ["--lenders", "20", "--loans", "10", "--watchers", "4"];
  const repaid = ["--paid-out-loans", "4", "--lenders-per-loan", "5"];
  const short = ["--rate", "300", "--duration", "3s", "--warm-up", "500ms"];
  const options = ["mixed", "--json", "--keep", "--data-folder", folder, "--clients", "2"];
  const done = spawnSync(process.execPath, [PROGRAM, ...options, ...world, ...repaid, ...short], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(done.stderr).toBe("");
  expect(done.status).toBe(0);
  kept = (JSON.parse(done.stdout) as { keptIn: string }).keptIn;
  const logs = readdirSync(kept)
    .filter((name) => name.startsWith("traffic-"))
    .map((name) => RequestLog.decode(readFileSync(join(kept, name))));
  expect(logs.length).toBe(2);
  records = recordsOf(logs, namesOf("load"));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function checksOf({ bids, actions }: ClientRecords): Promise<readonly string[]> {
  const report = await auditJournal({ folder: kept, shards: 1, records: { bids, actions } });
  expect(report.ok).toBe(report.violationCount === 0);
  return [...new Set(report.violations.map(({ check }) => check))].sort();
}

type Placed = ClientRequest & { outcome: { type: "BidPlaced"; filledCents: number } };

function placed(): Placed {
  return records.bids.find(({ outcome }) => outcome?.type === "BidPlaced") as Placed;
}

function actionOf(kind: "cancel" | "repay"): ClientAction {
  return records.actions.find((one) => one.kind === kind && one.outcome?.type === "Done")!;
}

/** The same log with one request in place of another. */
function withBid(old: ClientRequest, changed: object | null): ClientRecords {
  const bids = records.bids.flatMap((bid) => {
    if (bid !== old) return [bid];
    return changed === null ? [] : [{ ...bid, ...changed } as ClientRequest];
  });
  return { ...records, bids };
}

function withAction(old: ClientAction, changed: object | null): ClientRecords {
  const actions = records.actions.flatMap((action) => {
    if (action !== old) return [action];
    return changed === null ? [] : [{ ...action, ...changed } as ClientAction];
  });
  return { ...records, actions };
}

const NEVER_SENT = "\x01\x93\x8c\x3a\x7c\x00\x7a\x3f\x8b\x2d\x5f\x6e\x7d\x8c\x9b\x0a" as RequestId;

describe("The audit of a run", () => {
  test("passes with the logs as they are, which are not trivial", async () => {
    expect(records.bids.length).toBeGreaterThan(300);
    expect(actionOf("cancel")).toBeDefined();
    expect(actionOf("repay")).toBeDefined();
    expect(await checksOf(records)).toEqual([]);
  });

  test.each<[string, () => ClientRecords, string]>([
    [
      "a bid that was acknowledged and is in no journal",
      () => ({ ...records, bids: [...records.bids, { ...placed(), requestId: NEVER_SENT }] }),
      "client_lost",
    ],
    [
      "a bid that got more than the journal has",
      () => {
        const bid = placed();
        const outcome = { ...bid.outcome, filledCents: bid.outcome.filledCents + 1 };
        return withBid(bid, { outcome });
      },
      "client_differs",
    ],
    [
      "a bid of another amount than was sent",
      () => withBid(placed(), { amountCents: placed().amountCents + 100 }),
      "client_differs",
    ],
    [
      "a bid that was told to be refused, and has money held",
      () => withBid(placed(), { outcome: { type: "Refused", code: "loan_full" } }),
      "client_refused_but_effective",
    ],
    [
      "a bid that was acknowledged before the journal had it",
      () => withBid(placed(), { position: "0:1-0" }),
      "client_told_early",
    ],
    ["a bid in the journal that no client sent", () => withBid(placed(), null), "client_unknown"],
    [
      "a cancel that was acknowledged and is in no journal",
      () => withAction(actionOf("cancel"), { requestId: NEVER_SENT }),
      "client_lost",
    ],
    [
      "a cancel of another bid than was sent",
      () => withAction(actionOf("cancel"), { bidId: 999_999 }),
      "client_differs",
    ],
    [
      "a cancel in the journal that no client sent",
      () => withAction(actionOf("cancel"), null),
      "client_unknown",
    ],
    [
      "a repayment that was told to be refused, and was divided",
      () =>
        withAction(actionOf("repay"), {
          outcome: { type: "Refused", code: "nothing_due" },
        }),
      "client_refused_but_effective",
    ],
    [
      "a repayment of another amount than was sent",
      () => withAction(actionOf("repay"), { amountCents: 1 }),
      "client_differs",
    ],
    [
      "a repayment that was acknowledged before the journal had it",
      () => withAction(actionOf("repay"), { position: "0:1-0" }),
      "client_told_early",
    ],
    [
      "a repayment in the journal that no client sent",
      () => withAction(actionOf("repay"), null),
      "client_unknown",
    ],
  ])("fails with %s", async (_, tamper, check) => {
    expect(await checksOf(tamper())).toContain(check);
  });
});
