// `loanloom verify` on what a real server writes under load: beside it, and after a kill -9.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connect, newRequestId, type LoanloomClient } from "../../src/client/client.ts";
import { signToken } from "../../src/gateway/signing.ts";
import { discard, runProgram, startProgram, urlOf, type RunningProgram } from "./program.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SECRET = "f".repeat(64);
const LENDERS = ["ann", "bob", "carol", "dan"];
const PART_CENTS = 100_00;
const PARTS = 5;

let folder: string;
let server: RunningProgram | null = null;
let clients: LoanloomClient[] = [];
let environment: Record<string, string>;

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  if (server !== null) await discard(server, folder);
  server = null;
});

/** A server with the settings' defaults, but for those given. */
async function serve(settings: Readonly<Record<string, string>>): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), "loanloom-served-"));
  environment = {
    ...{ LOANLOOM_DATA: join(folder, "data"), PORT: "0", LOANLOOM_JWT_SECRET: SECRET },
    ...{ LOANLOOM_BUSINESS_DATES: "operator", LOANLOOM_CHECKPOINT_MS: "1000" },
    ...settings,
  };
  server = startProgram(["serve"], environment);
  return urlOf(server);
}

async function connected(url: string, subject: string, role: "client" | "operator") {
  const claims = { subject, role, expiresAtMs: Date.now() + 3_600_000 };
  const token = await signToken(new TextEncoder().encode(SECRET), claims);
  const client = await connect({ url, token });
  clients.push(client);
  return client;
}

/** Lends one loan after the other and has it repaid in parts, until its clients are closed. */
async function lendAndRepay(url: string, onRepaid: () => void): Promise<never> {
  const operator = await connected(url, "ops", "operator");
  const lenders = new Map<string, LoanloomClient>();
  for (const id of [...LENDERS, "borrower"]) {
    await operator.request("account.open", { requestId: newRequestId(), accountId: id });
    const deposit = { accountId: id, amountCents: 1_000_000_00, reference: `of ${id}` };
    await operator.request("account.deposit", { requestId: newRequestId(), ...deposit });
    lenders.set(id, await connected(url, id, "client"));
  }
  const principalCents = LENDERS.length * PARTS * PART_CENTS;
  for (let loan = 0; ; loan++) {
    const loanId = `loan-${loan}`;
    await operator.request("loan.list", {
      ...{ requestId: newRequestId(), loanId, borrowerId: "borrower", principalCents },
      ...{ stepCents: 1_00, minBidCents: 1_00, closesAtMs: Date.now() + 3_600_000 },
      ...{ cancellable: true, method: "bullet", term: 12, rateBps: 1_200, disbursesAtOnce: true },
    });
    const bid = { loanId, amountCents: PARTS * PART_CENTS, fill: "exact" as const };
    await Promise.all(
      LENDERS.map((id) => lenders.get(id)!.placeBid({ requestId: newRequestId(), ...bid })),
    );
    const watched = await operator.request("loan.get", { loanId });
    for (let status = watched.status; status !== "repaying";) {
      ({ status } = await operator.request("loan.get", { loanId }));
    }
    for (let part = 0; part < PARTS; part++) {
      const fields = { loanId, amountCents: PART_CENTS, mode: "early_keep_term" as const };
      const borrower = lenders.get("borrower")!;
      await borrower.request("loan.repay", { requestId: newRequestId(), ...fields });
      onRepaid();
    }
  }
}

/** Starts lending, and goes on with it until the test ends. */
async function withRepayments(url: string, count: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let repaid = 0;
    lendAndRepay(url, () => {
      if (++repaid === count) resolve();
    }).catch(reject);
  });
}

async function expectVerified(coverage: "full" | "trimmed"): Promise<void> {
  const verified = await runProgram(["verify", "--json"], environment);
  expect(verified, verified.stdout + verified.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, coverage });
}

describe("loanloom verify", () => {
  test("finds nothing in a trimmed journal with repayments, after a kill -9", async () => {
    const url = await serve({});
    await withRepayments(url, 50);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    server!.child.kill("SIGKILL");
    await server!.ended;
    await expectVerified("trimmed");
  });

  test.each([
    ["trimmed", "checkpoint"],
    ["full", "all"],
  ] as const)(
    "finds nothing beside a server of two shards that goes on: %s",
    async (coverage, keep) => {
      const url = await serve({
        ...{ LOANLOOM_SHARDS: "2", LOANLOOM_JOURNAL_KEEP: keep },
        // All the time, so that a trimming overtakes what is read.
        LOANLOOM_CHECKPOINT_MS: "100",
      });
      await withRepayments(url, 100);
      for (let nth = 0; nth < 4; nth++) await expectVerified(coverage);
    },
  );
});
