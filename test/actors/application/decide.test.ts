import { describe, expect, it } from "vitest";
import {
  APPLICATION_CENTS_MAX,
  DOCUMENT_BYTES_MAX,
  DOCUMENTS_MAX,
} from "../../../actors/loan/application/application.ts";
import { given, request, type Typed } from "../../support/given.ts";
import {
  ALL_STAGES,
  APPROVED,
  ASKED,
  ATTACHED,
  CREATED,
  DOCUMENT,
  HASH,
  JUDGED,
  LISTED,
  LISTING,
  NOW,
  PROPOSED,
  REJECTED,
  REJECTION,
  RETURNED,
  REVIEWED,
  SIGNED,
  STAGES,
  SUBMITTED,
  WITHDRAWN,
  type Stage,
} from "./stages.ts";

function at(stage: Stage, ...more: Typed[]) {
  return given("loan", "l", ...STAGES[stage], ...more);
}

/** A command whose id is that of the event which it leads to. */
function asked(type: string, event: Typed, fields: object = {}): Typed {
  const { requestId, fingerprint } = event;
  return { type, loanId: "l", by: "bob", requestId, fingerprint, ...fields };
}

const CHANGED: Typed = { type: "ApplicationUpdated", ...request(20), ...ASKED, term: 24 };
const COMMANDS = {
  UpdateApplication: asked("UpdateApplication", CHANGED, { ...ASKED, term: 24 }),
  AttachDocument: asked("AttachDocument", ATTACHED, DOCUMENT),
  SubmitApplication: asked("SubmitApplication", SUBMITTED),
  WithdrawApplication: asked("WithdrawApplication", WITHDRAWN),
  SignContract: asked("SignContract", SIGNED, { contractHash: HASH }),
  ProposeReview: asked("ProposeReview", PROPOSED, {
    by: "rita",
    verdict: "approve",
    grade: "B",
    ...REVIEWED,
    reason: null,
  }),
  DecideReview: asked("DecideReview", APPROVED, {
    by: "sam",
    proposal: 1,
    answer: "confirm",
    reason: null,
  }),
  PublishLoan: asked("PublishLoan", LISTED, { by: "ops", ...LISTING, disbursesAtOnce: null }),
};

/**
 * For each stage where a command is not refused: what it leads to. Everywhere else: the refusal.
 */
const OUTCOMES: Record<
  keyof typeof COMMANDS,
  {
    accepted: Partial<Record<Stage, Typed>>;
    refused: string;
    ended?: Partial<Record<Stage, string>>;
  }
> = {
  UpdateApplication: { accepted: { draft: CHANGED }, refused: "application_not_draft" },
  AttachDocument: {
    accepted: { draft: ATTACHED, returned: ATTACHED },
    refused: "documents_closed",
    ended: { submitted: "document_exists" },
  },
  SubmitApplication: { accepted: { draft: SUBMITTED }, refused: "application_not_draft" },
  WithdrawApplication: {
    accepted: Object.fromEntries(
      (
        ["draft", "submitted", "proposed", "toReject", "returned", "approved", "signed"] as const
      ).map((stage) => [stage, WITHDRAWN]),
    ),
    refused: "application_closed",
  },
  SignContract: { accepted: { approved: SIGNED }, refused: "application_not_approved" },
  ProposeReview: {
    accepted: { submitted: PROPOSED, returned: { ...PROPOSED, proposalNo: 2 } },
    refused: "application_not_submitted",
  },
  DecideReview: {
    accepted: { proposed: APPROVED, toReject: REJECTED },
    refused: "application_not_proposed",
  },
  PublishLoan: { accepted: { signed: LISTED }, refused: "application_not_signed" },
};

const EVERY_CASE = Object.entries(OUTCOMES).flatMap(([type, outcome]) =>
  ALL_STAGES.map((stage) => ({ type: type as keyof typeof COMMANDS, stage, ...outcome })),
);

describe("Application: every command at every stage", () => {
  it.each(EVERY_CASE)("$type of what is $stage", ({ type, stage, accepted, refused, ended }) => {
    const loan = at(stage).when(COMMANDS[type]);
    const event = accepted[stage];
    const isUnknown = stage === "absent" || stage === "direct";
    if (event !== undefined) loan.then(event);
    else loan.thenRefused(isUnknown ? "application_not_found" : (ended?.[stage] ?? refused));
  });

  it("leads from the draft to the listing", () => {
    const loan = given("loan", "l", CREATED);
    for (const [command, event] of [
      [COMMANDS.SubmitApplication, SUBMITTED],
      [COMMANDS.ProposeReview, PROPOSED],
      [COMMANDS.DecideReview, APPROVED],
      [COMMANDS.SignContract, SIGNED],
    ] as const) {
      loan.when(command).then(event);
    }
    const listed = loan.when(COMMANDS.PublishLoan).then(LISTED);
    expect(listed).toMatchObject({
      status: "listed",
      terms: { principalCents: ASKED.amountCents, ...REVIEWED, term: 12 },
      origin: { approval: { grade: "B", ...JUDGED, contractHash: HASH } },
    });
  });
});

describe("Application: strangers", () => {
  const own = (
    ["UpdateApplication", "AttachDocument", "SubmitApplication", "WithdrawApplication"] as const
  ).map((type) => COMMANDS[type]);

  it.each([...own, COMMANDS.SignContract])("$type of another borrower finds nothing", (command) => {
    for (const stage of ALL_STAGES) {
      at(stage)
        .when({ ...command, by: "eve" })
        .thenRefused("application_not_found");
    }
  });
});

describe("Application: OpenApplication", () => {
  const open = { type: "OpenApplication", borrowerId: "bob", requestId: CREATED["requestId"] };

  it("makes a draft where nothing is, and is declined where something is", () => {
    at("absent")
      .when({ ...open, ...ASKED })
      .then(CREATED);
    const { requestId, borrowerId } = open;
    const declined = { type: "ApplicationDeclined", borrowerId, requestId, refusal: "loan_exists" };
    for (const stage of ALL_STAGES.filter((each) => each !== "absent")) {
      at(stage)
        .when({ ...open, ...ASKED })
        .then(declined);
    }
  });
});

describe("Application: what may be asked", () => {
  it.each([
    ["amount_out_of_range", { amountCents: 99_99, rateBps: 100_001, term: 0 }],
    ["amount_out_of_range", { amountCents: APPLICATION_CENTS_MAX + 1 }],
    ["rate_out_of_range", { rateBps: 100_001, term: 2 }],
    ["terms_out_of_range", { term: 2 }],
    ["terms_out_of_range", { term: 37 }],
    ["terms_out_of_range", { term: 89, method: "bullet_days" }],
    ["terms_out_of_range", { term: 1_097, method: "bullet_days" }],
  ])("is refused with %s, in the order of the ladder", (refusal, fields) => {
    at("draft")
      .when({ ...COMMANDS.UpdateApplication, ...fields })
      .thenRefused(refusal);
  });

  it.each([
    { amountCents: 100_00, term: 3, rateBps: 0 },
    { amountCents: APPLICATION_CENTS_MAX, term: 36, rateBps: 100_000 },
    { term: 90, method: "bullet_days" },
    { term: 1_096, method: "bullet_days" },
  ])("may be as little or as much as %o", (fields) => {
    at("draft")
      .when({ ...COMMANDS.UpdateApplication, ...ASKED, ...fields })
      .then({ ...CHANGED, ...ASKED, ...fields });
  });
});

describe("Application: documents", () => {
  const numbered = (no: number) => ({
    ...ATTACHED,
    ...request(100 + no),
    documentNo: no,
    documentHash: no.toString(16).padStart(64, "0"),
  });
  const all = Array.from({ length: DOCUMENTS_MAX }, (_, at) => numbered(at + 1));

  it("are numbered, each once, and at most twenty", () => {
    const next = {
      ...COMMANDS.AttachDocument,
      documentHash: numbered(20).documentHash,
      ...request(120),
    };
    at("draft", ...all.slice(0, 19))
      .when(next)
      .then(numbered(20));
    at("draft", ...all.slice(0, 19))
      .when({ ...next, documentHash: numbered(3).documentHash })
      .thenRefused("document_exists");
    at("draft", ...all)
      .when({ ...next, sizeBytes: 0 })
      .thenRefused("too_many_documents");
  });

  it.each([0, DOCUMENT_BYTES_MAX + 1])("of %i bytes are refused", (sizeBytes) => {
    at("draft")
      .when({ ...COMMANDS.AttachDocument, sizeBytes })
      .thenRefused("document_out_of_range");
  });

  it("may be as large as they may be", () => {
    at("draft")
      .when({ ...COMMANDS.AttachDocument, sizeBytes: DOCUMENT_BYTES_MAX })
      .then({ ...ATTACHED, sizeBytes: DOCUMENT_BYTES_MAX });
  });
});

describe("Application: ProposeReview", () => {
  const propose = COMMANDS.ProposeReview;

  it.each([
    ["borrower_cannot_review", { by: "bob", grade: null }],
    ["proposal_incomplete", { grade: null, rateBps: 100_001 }],
    ["proposal_incomplete", { rateBps: null }],
    ["proposal_incomplete", { verdict: "reject", reason: null }],
    ["proposal_incomplete", { verdict: "reject", reason: "" }],
    ["proposal_incomplete", { verdict: "reject", reason: "  " }],
    ["rate_out_of_range", { rateBps: 100_001, graceDays: 91 }],
    ["rate_out_of_range", { originationFeeBps: 10_001 }],
    ["terms_out_of_range", { graceDays: 91 }],
    ["terms_out_of_range", { basisDays: 366 }],
  ])("refuses with %s, in the order of the ladder", (refusal, fields) => {
    at("submitted")
      .when({ ...propose, ...fields })
      .thenRefused(refusal);
  });

  it("proposes a rejection with its reason", () => {
    at("submitted")
      .when({ ...propose, verdict: "reject", grade: null, rateBps: null, reason: "no income" })
      .then(REJECTION);
  });

  it("means no fees, no grace and a year of 365 days where it names none", () => {
    const names = Object.keys(REVIEWED).filter((name) => name !== "rateBps");
    const none = Object.fromEntries(names.map((name) => [name, null]));
    const zero = Object.fromEntries(names.map((name) => [name, 0]));
    at("submitted")
      .when({ ...propose, ...none })
      .then({ ...PROPOSED, ...zero, basisDays: 365 });
  });
});

describe("Application: DecideReview", () => {
  const decide = COMMANDS.DecideReview;

  it.each([
    ["proposal_changed", { proposal: 2, by: "rita" }],
    ["proposal_changed", { proposal: 0 }],
    ["maker_is_checker", { by: "rita" }],
    ["maker_is_checker", { by: "rita", answer: "return" }],
    ["borrower_cannot_review", { by: "bob" }],
  ])("refuses with %s, in the order of the ladder", (refusal, fields) => {
    for (const stage of ["proposed", "toReject"] as const) {
      at(stage)
        .when({ ...decide, ...fields })
        .thenRefused(refusal);
    }
  });

  it("returns a proposal, so that another can be made and is decided by its own number", () => {
    const loan = at("proposed");
    const back = { ...decide, ...request(5), answer: "return", reason: "too cheap" };
    expect(loan.when(back).then(RETURNED).status).toBe("submitted");
    const again = { ...PROPOSED, ...request(30), proposalNo: 2, maker: "sam" };
    loan.when({ ...COMMANDS.ProposeReview, ...request(30), by: "sam" }).then(again);
    loan.when({ ...decide, by: "rita" }).thenRefused("proposal_changed");
    const approved = { ...APPROVED, maker: "sam", checker: "rita", proposalNo: 2 };
    loan.when({ ...decide, by: "rita", proposal: 2 }).then(approved);
  });
});

describe("Application: SignContract and PublishLoan", () => {
  it("signs the hash of the contract and no other", () => {
    at("approved")
      .when({ ...COMMANDS.SignContract, contractHash: "b".repeat(64) })
      .thenRefused("contract_hash_mismatch");
  });

  it.each([
    ["principal_not_multiple_of_step", { stepCents: 3_00, closesAtMs: NOW }],
    ["minimum_not_multiple_of_step", { minBidCents: 100_50 }],
    ["minimum_not_multiple_of_step", { lenderCapCents: 100_50 }],
    ["closing_in_the_past", { closesAtMs: NOW }],
    ["closing_not_after_opening", { opensAtMs: NOW + 1_000 }],
  ])("refuses a listing with %s, as for a direct one", (refusal, fields) => {
    at("signed")
      .when({ ...COMMANDS.PublishLoan, ...fields }, NOW)
      .thenRefused(refusal);
  });

  it("is published by nobody whose loan it is", () => {
    at("signed")
      .when({ ...COMMANDS.PublishLoan, by: "bob" })
      .thenRefused("borrower_cannot_review");
  });

  it("pays out at once if the operator says so", () => {
    at("signed")
      .when({ ...COMMANDS.PublishLoan, disbursesAtOnce: true })
      .then({ ...LISTED, disbursesAtOnce: true });
  });

  it("takes bids when it is listed, and none before", () => {
    const bid = { type: "FillBid", accountId: "a", holdNo: 1, amountCents: 100_00 };
    const fill = { ...bid, fill: "exact", minCents: null };
    const declined = { type: "BidDeclined", accountId: "a", holdNo: 1, refusal: "loan_not_found" };
    for (const stage of ALL_STAGES.filter((each) => each !== "listed" && each !== "direct")) {
      at(stage).when(fill).then(declined);
    }
    const placed = { bidNo: 1, filledCents: 100_00, remainingCents: 900_00 };
    at("listed")
      .when(fill)
      .then({ type: "BidPlaced", accountId: "a", holdNo: 1, ...placed });
  });

  it("is not listed a second time, nor around its application", () => {
    const list = { ...LISTED, type: "ListLoan", loanId: "l" };
    for (const stage of ALL_STAGES.filter((each) => each !== "absent")) {
      at(stage).when(list).thenRefused("loan_exists");
    }
  });
});

describe("Application: evolve", () => {
  it.each([
    ["a second draft", "draft", CREATED],
    ["a document number left out", "draft", { ...ATTACHED, documentNo: 2 }],
    ["a proposal number left out", "submitted", { ...PROPOSED, proposalNo: 2 }],
    ["another maker", "proposed", { ...APPROVED, maker: "eve" }],
    ["one person alone", "proposed", { ...APPROVED, checker: "rita" }],
    ["an approval of a rejection", "toReject", APPROVED],
    ["a rejection of an approval", "proposed", REJECTED],
    ["another hash", "approved", { ...SIGNED, contractHash: "b".repeat(64) }],
    ["a listing that nobody signed", "approved", LISTED],
    ["a listing on another contract", "signed", { ...LISTED, contractHash: "b".repeat(64) }],
    ["a listing around the application", "signed", { ...LISTED, contractHash: null }],
    ["a withdrawal of what is listed", "listed", WITHDRAWN],
  ] as const)("does not take %s", (_, stage, event) => {
    expect(() => at(stage, event)).toThrow();
  });
});

describe("Application: SubmitApplication", () => {
  it("is refused while nobody says what the loan is for", () => {
    const { type, ...fields } = SUBMITTED;
    expect(type).toBe("ApplicationSubmitted");
    const submit = { type: "SubmitApplication", loanId: "l", by: "bob", ...fields };
    for (const purpose of ["", "  "]) {
      given("loan", "l", { ...CREATED, purpose })
        .when(submit)
        .thenRefused("purpose_missing");
    }
    const update = { type: "ApplicationUpdated", ...request(2), ...ASKED };
    given("loan", "l", { ...CREATED, purpose: "" }, update)
      .when(submit)
      .then(SUBMITTED);
  });
});
