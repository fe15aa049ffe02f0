// Every operation x whose account x who asks: the expectation is written down for each, and a new
// operation without one fails the first test.

import { describe, expect, test } from "vitest";
import { refusalFor, type Speaker } from "../../src/gateway/authorisation.ts";
import type { AccountId } from "../../actors/address.ts";
import { OPERATIONS, type Command, type OperationName } from "../../src/protocol/table.ts";
import { requestIds, type GatewayClient, type Encoding } from "../support/gateway-client.ts";
import { LOAN_TERMS, startFixture, type Fixture } from "../support/gateway-fixture.ts";

type Who = "client" | "operator" | "nobody";
/** `own`: alice's, who asks; `other`: bob's, which is open; `absent`: nobody's; `none`: left out. */
type Whose = "own" | "other" | "absent" | "none";
const WHOSE: readonly Whose[] = ["own", "other", "absent", "none"];
const IDS: Readonly<Record<Whose, string | null>> = {
  own: "alice",
  other: "bob",
  absent: "nobody-has-this",
  none: null,
};

type Expected = "ok" | "unauthenticated" | "forbidden" | "account_not_found" | "invalid_field";

interface Row {
  /** Fields of a request that is fine but for who asks. */
  readonly fields: (whose: Whose) => object;
  /** Whether the request names an account, so that it matters whose. */
  readonly namesAccount: boolean;
  readonly client: Readonly<Record<Whose, Expected>> | Expected;
  readonly operator: Readonly<Record<Whose, Expected>> | Expected;
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
const OPERATIONS_ONLY = { client: "forbidden", operator: "ok" } as const;

const fresh = () => ({ requestId: requestIds.next() });
let made = 0;

const TABLE: Readonly<Record<OperationName, Row>> = {
  "session.authenticate": {
    fields: () => ({}),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "session.ping": { fields: () => ({}), namesAccount: false, client: "ok", operator: "ok" },
  "account.open": {
    fields: () => ({ ...fresh(), accountId: `made-${++made}` }),
    namesAccount: false,
    ...OPERATIONS_ONLY,
  },
  "account.deposit": {
    fields: (whose) => ({
      ...fresh(),
      accountId: IDS[whose] ?? "bob",
      amountCents: 1,
      reference: "r",
    }),
    namesAccount: true,
    client: "forbidden",
    operator: { own: "ok", other: "ok", absent: "account_not_found", none: "ok" },
  },
  "account.withdraw": {
    fields: () => ({ ...fresh(), amountCents: 1, beneficiary: "bank 1" }),
    namesAccount: false,
    client: "ok",
    operator: "forbidden",
  },
  "account.withdrawal": {
    fields: (whose) => ({ withdrawal: 1, accountId: IDS[whose] }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "account.get": {
    fields: (whose) => ({ accountId: IDS[whose] }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "account.watch": {
    fields: (whose) => ({ accountId: IDS[whose], after: null }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "account.unwatch": {
    fields: (whose) => ({ accountId: IDS[whose] }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY_UNASKED,
  },
  "bid.place": {
    fields: () => ({
      ...fresh(),
      loanId: "promo",
      amountCents: 100,
      fill: "exact",
      minCents: null,
    }),
    namesAccount: false,
    client: "ok",
    operator: "forbidden",
  },
  "bid.cancel": {
    fields: () => ({ ...fresh(), bidId: 1 }),
    namesAccount: false,
    client: "ok",
    operator: "forbidden",
  },
  "request.outcome": {
    fields: (whose) => ({ ...fresh(), accountId: IDS[whose] }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "loan.list": {
    fields: () => ({
      ...fresh(),
      ...LOAN_TERMS,
      loanId: `made-${++made}`,
      principalCents: 1_000,
      closesAtMs: Date.now() + 3_600_000,
    }),
    namesAccount: false,
    ...OPERATIONS_ONLY,
  },
  "loan.confirm": {
    fields: () => ({ ...fresh(), loanId: "promo" }),
    namesAccount: false,
    ...OPERATIONS_ONLY,
  },
  "loan.get": {
    fields: () => ({ loanId: "promo" }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "loan.watch": {
    fields: () => ({ loanId: "promo" }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "loan.unwatch": {
    fields: () => ({ loanId: "promo" }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "loan.repay": {
    fields: () => ({ ...fresh(), loanId: "promo", amountCents: 1, mode: "due" }),
    namesAccount: false,
    client: "ok",
    operator: "forbidden",
  },
  "calendar.get": { fields: () => ({}), namesAccount: false, client: "ok", operator: "ok" },
  "calendar.advance": {
    fields: () => ({ day: 20_000 }),
    namesAccount: false,
    ...OPERATIONS_ONLY,
  },
  "market.loans": { fields: () => ({}), namesAccount: false, client: "ok", operator: "ok" },
  "schedule.preview": {
    fields: () => ({ principalCents: 1_000, rateBps: 900, term: 3 }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "loan.schedule": {
    fields: () => ({ loanId: "promo", after: null }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "clearing.get": {
    fields: () => ({ loanId: "promo", clearing: 1 }),
    namesAccount: false,
    client: "ok",
    operator: "ok",
  },
  "clearing.path": {
    fields: (whose) => ({ loanId: "promo", clearing: 1, accountId: IDS[whose] }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: { ...NAMED_ONLY, absent: "ok" },
  },
  "account.returns": {
    fields: (whose) => ({ accountId: IDS[whose], from: null, seconds: null }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "account.positions": {
    fields: (whose) => ({ accountId: IDS[whose], from: null }),
    namesAccount: true,
    client: OWN_ONLY,
    operator: NAMED_ONLY,
  },
  "books.get": { fields: () => ({}), namesAccount: false, ...OPERATIONS_ONLY },
};

/** Refusals of the business: the request was let through, and that is what is tested here. */
const LET_THROUGH = [
  "bid_not_found",
  "bid_already_settled",
  "loan_not_funded",
  "loan_not_repaying",
  "clearing_not_found",
  "exceeds_available",
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
  return fixture;
}

describe("Authorisation: the table", () => {
  test("has a row for every operation", () => {
    expect(Object.keys(TABLE).sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  test.each<[Encoding, Who]>([
    ["msgpack", "client"],
    ["json", "client"],
    ["msgpack", "operator"],
    ["json", "operator"],
  ])("holds for every operation and account, in %s, asked by a %s", async (encoding, who) => {
    const fixture = await world();
    const client =
      who === "client"
        ? await fixture.client("alice", { encoding })
        : await fixture.operator({ encoding });
    const token =
      who === "client"
        ? await fixture.token("alice")
        : await fixture.token("operator", { role: "operator" });
    for (const [name, row] of Object.entries(TABLE)) {
      const operation = name as OperationName;
      for (const whose of row.namesAccount ? WHOSE : ["none" as const]) {
        const given = operation === "session.authenticate" ? { token } : row.fields(whose);
        const outcome = await outcomeOf(client, operation, given);
        expect([operation, whose, outcome]).toEqual([
          operation,
          whose,
          expectedOf(row, who, whose),
        ]);
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

  test("changes nothing where it refuses", async () => {
    const fixture = await world();
    const client = await fixture.client("alice");
    const before = fixture.runtime.digest();
    for (const [name, row] of Object.entries(TABLE)) {
      for (const whose of WHOSE) {
        if (expectedOf(row, "client", whose) === "ok") continue;
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
