// Every operation x whose account x who asks: the expectation is written down for each, and a new
// operation without one fails the first test.

import { describe, expect, test } from "vitest";
import { refusalFor, type Speaker } from "../../src/gateway/authorisation.ts";
import type { AccountId } from "../../actors/address.ts";
import {
  OPERATIONS,
  ROLES,
  type Command,
  type Operation,
  type OperationName,
  type Role,
} from "../../src/protocol/table.ts";
import { requestIds, type GatewayClient } from "../support/gateway-client.ts";
import { LOAN_TERMS, startFixture, type Fixture } from "../support/gateway-fixture.ts";

type Who = Role | "nobody";
/**
 * `own`: alice's, who asks; `other`: bob's, which is open; `absent`: nobody's; `none`: left out.
 */
type Whose = "own" | "other" | "absent" | "none";
const WHOSE: readonly Whose[] = ["own", "other", "absent", "none"];
const IDS: Readonly<Record<Whose, string | null>> = {
  own: "alice",
  other: "bob",
  absent: "nobody-has-this",
  none: null,
};

/** The same of applications: alice's, bob's, nobody's; left out is alice's. */
const LOANS: Readonly<Record<Whose, string>> = {
  own: "kiln",
  other: "barn",
  absent: "no-such-loan",
  none: "kiln",
};

type Expected =
  | "ok"
  | "unauthenticated"
  | "forbidden"
  | "account_not_found"
  | "application_not_found"
  | "invalid_field";

type Column = Readonly<Record<Whose, Expected>> | Expected;

interface Row extends Readonly<Record<Role, Column>> {
  /** Fields of a request that is fine but for who asks. */
  readonly fields: (whose: Whose) => object;
  /** Whether the request names an account or an application, so that it matters whose. */
  readonly names: "account" | "application" | "nothing";
}

/** The heart of it: for a client, another's account is as absent as one that never was. */
const OWN_ONLY = {
  own: "ok",
  none: "ok",
  other: "account_not_found",
  absent: "account_not_found",
} as const;
const NAMED_ONLY = {
  own: "ok",
  other: "ok",
  absent: "account_not_found",
  none: "invalid_field",
} as const;
/** Answered by the gateway, which knows no accounts. */
const NAMED_ONLY_UNASKED = { ...NAMED_ONLY, absent: "ok" } as const;
const ANY_APPLICATION = {
  own: "ok",
  other: "ok",
  absent: "application_not_found",
  none: "ok",
} as const;
const OWN_APPLICATION = { ...ANY_APPLICATION, other: "application_not_found" } as const;

const NOBODY = {
  client: "forbidden",
  operator: "forbidden",
  reviewer: "forbidden",
  auditor: "forbidden",
} as const;
const EVERYBODY = { client: "ok", operator: "ok", reviewer: "ok", auditor: "ok" } as const;
const OPERATORS = { ...NOBODY, operator: "ok" } as const;
const CLIENTS = { ...NOBODY, client: "ok" } as const;
const READS_ACCOUNT = {
  client: OWN_ONLY,
  operator: NAMED_ONLY,
  reviewer: "forbidden",
  auditor: NAMED_ONLY,
} as const;
const READS_APPLICATION = {
  client: OWN_APPLICATION,
  operator: ANY_APPLICATION,
  reviewer: ANY_APPLICATION,
  auditor: ANY_APPLICATION,
} as const;
const BORROWERS = { ...NOBODY, client: OWN_APPLICATION } as const;
const REVIEWERS = { ...NOBODY, reviewer: ANY_APPLICATION } as const;

const ASKED = {
  amountCents: 1_000_00,
  purpose: "a kiln",
  method: "bullet",
  term: 12,
  rateBps: 900,
};
const fresh = () => ({ requestId: requestIds.next() });
let made = 0;

const TABLE: Readonly<Record<OperationName, Row>> = {
  "session.authenticate": {
    fields: () => ({}),
    names: "nothing",
    ...EVERYBODY,
  },
  "session.ping": { fields: () => ({}), names: "nothing", ...EVERYBODY },
  "account.open": {
    fields: () => ({ ...fresh(), accountId: `made-${++made}` }),
    names: "nothing",
    ...OPERATORS,
  },
  "account.deposit": {
    fields: (whose) => ({
      ...fresh(),
      accountId: IDS[whose] ?? "bob",
      amountCents: 1,
      reference: `r-${++made}`,
    }),
    names: "account",
    ...NOBODY,
    operator: { own: "ok", other: "ok", absent: "account_not_found", none: "ok" },
  },
  "account.withdraw": {
    fields: () => ({ ...fresh(), amountCents: 1, beneficiary: "bank 1" }),
    names: "nothing",
    ...CLIENTS,
  },
  "account.withdrawal": {
    fields: (whose) => ({ withdrawal: 1, accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "account.get": {
    fields: (whose) => ({ accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "account.watch": {
    fields: (whose) => ({ accountId: IDS[whose], after: null }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "account.unwatch": {
    fields: (whose) => ({ accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
    operator: NAMED_ONLY_UNASKED,
    auditor: NAMED_ONLY_UNASKED,
  },
  "bid.place": {
    fields: () => ({
      ...fresh(),
      loanId: "promo",
      amountCents: 100,
      fill: "exact",
      minCents: null,
    }),
    names: "nothing",
    ...CLIENTS,
  },
  "bid.cancel": {
    fields: () => ({ ...fresh(), bidId: 1 }),
    names: "nothing",
    ...CLIENTS,
  },
  "request.outcome": {
    fields: (whose) => ({ ...fresh(), accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "loan.list": {
    fields: () => ({
      ...fresh(),
      ...LOAN_TERMS,
      loanId: `made-${++made}`,
      principalCents: 1_000,
      closesAtMs: Date.now() + 3_600_000,
    }),
    names: "nothing",
    ...OPERATORS,
  },
  "loan.confirm": {
    fields: () => ({ ...fresh(), loanId: "promo" }),
    names: "nothing",
    ...OPERATORS,
  },
  "loan.cancel": {
    fields: () => ({ ...fresh(), loanId: "promo", reason: "withdrawn by the borrower" }),
    names: "nothing",
    ...OPERATORS,
  },
  "loan.get": {
    fields: () => ({ loanId: "promo" }),
    names: "nothing",
    ...EVERYBODY,
  },
  "loan.watch": {
    fields: () => ({ loanId: "promo" }),
    names: "nothing",
    ...EVERYBODY,
  },
  "loan.unwatch": {
    fields: () => ({ loanId: "promo" }),
    names: "nothing",
    ...EVERYBODY,
  },
  "market.loans": { fields: () => ({}), names: "nothing", ...EVERYBODY },
  "application.create": {
    fields: () => ({ ...fresh(), ...ASKED, loanId: `made-${++made}` }),
    names: "nothing",
    ...CLIENTS,
  },
  "application.update": {
    fields: (whose) => ({ ...fresh(), ...ASKED, loanId: LOANS[whose] }),
    names: "application",
    ...BORROWERS,
  },
  "application.attach": {
    fields: (whose) => ({
      ...fresh(),
      loanId: LOANS[whose],
      name: "statement.pdf",
      mediaType: "application/pdf",
      sizeBytes: 1,
      documentHash: "a".repeat(64),
    }),
    names: "application",
    ...NOBODY,
  },
  "application.submit": {
    fields: (whose) => ({ ...fresh(), loanId: LOANS[whose] }),
    names: "application",
    ...BORROWERS,
  },
  "application.withdraw": {
    fields: (whose) => ({ ...fresh(), loanId: LOANS[whose] }),
    names: "application",
    ...BORROWERS,
  },
  "application.get": {
    fields: (whose) => ({ loanId: LOANS[whose] }),
    names: "application",
    ...READS_APPLICATION,
  },
  "application.propose": {
    fields: (whose) => ({
      ...fresh(),
      loanId: LOANS[whose],
      verdict: "approve",
      grade: "A",
      rateBps: 900,
    }),
    names: "application",
    ...REVIEWERS,
  },
  "application.decide": {
    fields: (whose) => ({ ...fresh(), loanId: LOANS[whose], proposal: 1, answer: "confirm" }),
    names: "application",
    ...REVIEWERS,
  },
  "contract.get": {
    fields: (whose) => ({ loanId: LOANS[whose] }),
    names: "application",
    ...READS_APPLICATION,
  },
  "contract.sign": {
    fields: (whose) => ({ ...fresh(), loanId: LOANS[whose], contractHash: "a".repeat(64) }),
    names: "application",
    ...BORROWERS,
  },
  "loan.publish": {
    fields: (whose) => ({
      ...fresh(),
      loanId: LOANS[whose],
      stepCents: 100,
      minBidCents: 100,
      closesAtMs: Date.now() + 3_600_000,
      cancellable: true,
    }),
    names: "application",
    ...NOBODY,
    operator: ANY_APPLICATION,
  },
  "application.list": {
    fields: (whose) => ({ accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
    reviewer: NAMED_ONLY,
  },
  "application.document": {
    fields: (whose) => ({ loanId: LOANS[whose], documentNo: 1 }),
    names: "application",
    ...READS_APPLICATION,
  },
  "loan.repay": {
    fields: () => ({ ...fresh(), loanId: "promo", amountCents: 1, mode: "due" }),
    names: "nothing",
    ...CLIENTS,
  },
  "writeoff.propose": {
    fields: () => ({ ...fresh(), loanId: "promo", reason: "insolvent" }),
    names: "nothing",
    ...OPERATORS,
  },
  "writeoff.decide": {
    fields: () => ({ ...fresh(), loanId: "promo", proposal: 1, answer: "confirm" }),
    names: "nothing",
    ...OPERATORS,
  },
  "writeoff.get": {
    fields: () => ({ loanId: "promo" }),
    names: "nothing",
    ...OPERATORS,
    auditor: "ok",
  },
  "calendar.get": { fields: () => ({}), names: "nothing", ...EVERYBODY },
  "calendar.advance": { fields: () => ({ day: 20_000 }), names: "nothing", ...OPERATORS },
  "schedule.preview": {
    fields: () => ({ principalCents: 1_000, rateBps: 900, term: 3 }),
    names: "nothing",
    ...EVERYBODY,
  },
  "loan.schedule": {
    fields: () => ({ loanId: "promo", after: null }),
    names: "nothing",
    ...EVERYBODY,
  },
  "clearing.get": {
    fields: () => ({ loanId: "promo", clearing: 1 }),
    names: "nothing",
    ...EVERYBODY,
  },
  "clearing.path": {
    fields: (whose) => ({ loanId: "promo", clearing: 1, accountId: IDS[whose] }),
    names: "account",
    ...READS_ACCOUNT,
    operator: NAMED_ONLY_UNASKED,
    auditor: NAMED_ONLY_UNASKED,
  },
  "account.returns": {
    fields: (whose) => ({ accountId: IDS[whose], from: null, seconds: null }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "account.positions": {
    fields: (whose) => ({ accountId: IDS[whose], from: null }),
    names: "account",
    ...READS_ACCOUNT,
  },
  "application.queue": {
    fields: () => ({ stage: null }),
    names: "nothing",
    ...OPERATORS,
    reviewer: "ok",
    auditor: "ok",
  },
  "books.get": { fields: () => ({}), names: "nothing", ...OPERATORS, auditor: "ok" },
};

/** Refusals of the business: the request was let through, and that is what is tested here. */
const LET_THROUGH = [
  "bid_not_found",
  "bid_already_settled",
  "loan_not_funded",
  "loan_not_repaying",
  "loan_not_defaulted",
  "clearing_not_found",
  "exceeds_available",
  "application_not_draft",
  "application_not_submitted",
  "application_not_proposed",
  "application_not_approved",
  "application_not_signed",
  "document_not_found",
  "maker_is_checker",
  "withdrawal_not_found",
  "custodian_not_configured",
];

function expectedOf(row: Row, who: Who, whose: Whose): Expected {
  if (who === "nobody") return "unauthenticated";
  const column = row[who];
  return typeof column === "string" ? column : column[whose];
}

async function outcomeOf(
  client: GatewayClient,
  operation: OperationName,
  fields: object,
): Promise<string> {
  const answer = await client.ask(operation, fields);
  if (answer.kind === "reply" || LET_THROUGH.includes(answer.code)) return "ok";
  return answer.code;
}

async function world(): Promise<Fixture> {
  const fixture = await startFixture();
  await fixture.fund("alice", 1_000_000);
  await fixture.fund("bob", 1_000_000);
  await fixture.list("promo", 1_000_000);
  for (const [subject, loanId] of [
    ["alice", LOANS.own],
    ["bob", LOANS.other],
  ] as const) {
    const client = await fixture.client(subject);
    await client.must("application.create", { ...fresh(), ...ASKED, loanId });
    client.close();
    await client.closed;
  }
  return fixture;
}

/** Everybody whose request is looked at: by role. */
const SUBJECTS: Readonly<Record<Role, string>> = {
  client: "alice",
  operator: "operator",
  reviewer: "rita",
  auditor: "olga",
};

/** All accounts, or applications, that it matters to name. */
function whoseOf(row: Row): readonly Whose[] {
  if (row.names === "account") return WHOSE;
  return row.names === "application" ? ["own", "other", "absent"] : ["none"];
}

describe("Authorisation: the table", () => {
  test("has a row for every operation", () => {
    expect(Object.keys(TABLE).sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  test.each(
    ROLES.flatMap((role) =>
      (["msgpack", "json"] as const).map((encoding) => [encoding, role] as const),
    ),
  )("holds for every operation and whose it is, in %s, asked by a %s", async (encoding, role) => {
    const fixture = await world();
    const subject = SUBJECTS[role];
    const client = await fixture.client(subject, { encoding }, role);
    const token = await fixture.token(subject, { role });
    for (const [name, row] of Object.entries(TABLE)) {
      const operation = name as OperationName;
      for (const whose of whoseOf(row)) {
        const given = operation === "session.authenticate" ? { token } : row.fields(whose);
        const outcome = await outcomeOf(client, operation, given);
        const expected = expectedOf(row, role, whose);
        expect([operation, whose, outcome]).toEqual([operation, whose, expected]);
      }
    }
  });

  test("refuses nobody's every operation but the authentication itself", async () => {
    const fixture = await world();
    const before = fixture.runtime.digest();
    for (const [name, row] of Object.entries(TABLE)) {
      if (name === "session.authenticate") continue;
      const client = await fixture.connect();
      const outcome = await outcomeOf(client, name as OperationName, row.fields("other"));
      expect([name, outcome]).toEqual([name, "unauthenticated"]);
      expect((await client.closed).code).toBe(4401);
    }
    expect(fixture.runtime.digest()).toBe(before);
  });

  test.each(ROLES)("changes nothing where it refuses a %s", async (role) => {
    const fixture = await world();
    const client = await fixture.client(SUBJECTS[role], {}, role);
    const before = fixture.runtime.digest();
    for (const [name, row] of Object.entries(TABLE)) {
      for (const whose of whoseOf(row)) {
        if (expectedOf(row, role, whose) === "ok") continue;
        await client.refusal(name as OperationName, row.fields(whose));
      }
    }
    expect(fixture.runtime.digest()).toBe(before);
  });
});

describe("Authorisation: others' accounts", () => {
  test("answer exactly as absent ones, and as one's own that is not open", async () => {
    const fixture = await world();
    const alice = await fixture.client("alice");
    const stranger = await fixture.client("never-opened");
    const operations = [
      "account.get",
      "account.watch",
      "account.positions",
      "account.returns",
      "request.outcome",
    ] as const;
    for (const operation of operations) {
      const fields = (accountId: string) => ({ ...fresh(), after: null, accountId });
      const kept = OPERATIONS[operation].fields.map(({ name }) => name as string);
      const pick = (all: object): object =>
        Object.fromEntries(Object.entries(all).filter(([name]) => kept.includes(name)));
      const answers = [
        await alice.refusal(operation, pick(fields("bob"))),
        await alice.refusal(operation, pick(fields("nobody-has-this"))),
        await stranger.refusal(operation, pick(fields("never-opened"))),
      ].map(({ code, detail, retryAfterMs }) => ({ code, detail, retryAfterMs }));
      const alike = { code: "account_not_found", detail: null, retryAfterMs: null };
      expect(answers).toEqual([alike, alike, alike]);
    }
  });
});

describe("Authorisation: the auditor", () => {
  const all = Object.entries(OPERATIONS) as [OperationName, Operation][];
  /** It moves business dates on, which is no request with an id of its own. */
  const MOVES = ["calendar.advance"];
  const changes = ([name, { mutates }]: (typeof all)[number]) => mutates || MOVES.includes(name);

  test.each(all.filter(changes))("may not ask for %s, which changes something", (_, { roles }) => {
    expect(roles).not.toContain("auditor");
  });

  test.each(all.filter((each) => !changes(each)))("may ask for %s, which reads", (_, { roles }) => {
    expect(roles).toContain("auditor");
  });
});

describe("Authorisation: the rule alone", () => {
  const alice: Speaker = { subject: "alice" as AccountId, role: "client" };

  test("compares whole ids", () => {
    for (const accountId of ["Alice", "alice.", "alic", "alicea"] as AccountId[]) {
      const command: Command = { type: "GetAccount", accountId };
      expect(refusalFor(alice, command)).toBe("account_not_found");
    }
  });

  test("does not take a client for an operator of the same name", () => {
    const operator: Speaker = { subject: "alice" as AccountId, role: "operator" };
    const command: Command = {
      type: "CancelBid",
      requestId: requestIds.next(),
      bidId: 1,
      fingerprint: 0,
    };
    expect(refusalFor(alice, command)).toBeNull();
    expect(refusalFor(operator, command)).toBe("forbidden");
  });
});

describe("Authorisation: what no operator does alone", () => {
  test("with LOANLOOM_DIRECT_LISTING=no: to list what was not applied for", async () => {
    const fixture = await startFixture({ directListing: false });
    const operator = await fixture.operator();
    const loan = { loanId: "kiln", principalCents: 100_000, ...LOAN_TERMS };
    const closesAtMs = Date.now() + 60_000;
    const refusal = await operator.refusal("loan.list", { ...fresh(), ...loan, closesAtMs });
    expect(refusal).toMatchObject({
      code: "forbidden",
      detail: "here loans are applied for (loan.publish)",
    });
    expect((await operator.refusal("loan.get", { loanId: "kiln" })).code).toBe("loan_not_found");
    expect(fixture.counters.requestsForbidden).toBe(1);
    const publication = { ...fresh(), ...LOAN_TERMS, loanId: "kiln", closesAtMs };
    const published = await operator.refusal("loan.publish", publication);
    expect(published.code).not.toBe("forbidden");
  });

  test("with LOANLOOM_DEPOSITS_BY_HAND=no: to book a deposit", async () => {
    const fixture = await startFixture({ depositsByHand: false });
    const operator = await fixture.operator();
    await operator.must("account.open", { ...fresh(), accountId: "alice" });
    const deposit = { accountId: "alice", amountCents: 100, reference: "tx-1" };
    const refusal = await operator.refusal("account.deposit", { ...fresh(), ...deposit });
    expect(refusal).toMatchObject({
      code: "forbidden",
      detail: "here the custodian bank tells of deposits",
    });
    const { availableCents } = await operator.must("account.get", { accountId: "alice" });
    expect(availableCents).toBe(0);
  });

  test("at any time: to book money for an account of the same name", async () => {
    const fixture = await startFixture();
    const mallory = await fixture.client("mallory", {}, "operator");
    await mallory.must("account.open", { ...fresh(), accountId: "mallory" });
    const deposit = { accountId: "mallory", amountCents: 100, reference: "tx-1" };
    const refusal = await mallory.refusal("account.deposit", { ...fresh(), ...deposit });
    expect(refusal.code).toBe("own_account");
  });
});
