import { describe, expect, it } from "vitest";
import {
  applicationView,
  contractView,
  documentView,
} from "../../../actors/loan/application/view.ts";
import type { LoanState } from "../../../actors/loan/loan.ts";
import { given } from "../../support/given.ts";
import { ASKED, DOCUMENT, HASH, REVIEWED, STAGES, type Stage } from "./stages.ts";

type Known = Exclude<LoanState, { status: "absent" }>;

function at(stage: Stage): Known {
  return given("loan", "l", ...STAGES[stage]).state as unknown as Known;
}

describe("Application: what is shown", () => {
  it("of a proposal: everything to the staff, nothing to its borrower", () => {
    const proposal = { proposal: 1, verdict: "approve", grade: "B", ...REVIEWED, maker: "rita" };
    expect(applicationView(at("proposed"), true)).toMatchObject(proposal);
    const nothing = Object.fromEntries(Object.keys(proposal).map((name) => [name, null]));
    const shown = applicationView(at("proposed"), false);
    expect(shown).toMatchObject({ ...nothing, status: "proposed", checker: null });
  });

  it.each(["approved", "signed", "listed"] as const)(
    "of what is %s: the terms to both, who reviewed it to the staff",
    (stage) => {
      const terms = { grade: "B", ...REVIEWED, contractHash: HASH, wantedRateBps: ASKED.rateBps };
      const status = stage;
      const staffs = { ...terms, status, maker: "rita", checker: "sam" };
      expect(applicationView(at(stage), true)).toMatchObject(staffs);
      const borrowers = { ...terms, status, maker: null, checker: null };
      expect(applicationView(at(stage), false)).toMatchObject(borrowers);
    },
  );

  it("of a rejection: the reason to both", () => {
    const rejection = { status: "rejected", verdict: "reject", reason: "no income" };
    expect(applicationView(at("rejected"), true)).toMatchObject({ ...rejection, checker: "sam" });
    expect(applicationView(at("rejected"), false)).toMatchObject({ ...rejection, checker: null });
  });

  it("of a returned proposal: nothing of it any more", () => {
    const shown = applicationView(at("returned"), true);
    expect(shown).toMatchObject({ status: "submitted", proposal: null, grade: null });
  });

  it("of a loan that nobody applied for: nothing", () => {
    expect(applicationView(at("direct"), true)).toBeNull();
    expect(contractView(at("direct"))).toBeNull();
    expect(documentView(at("direct"), 1)).toBeNull();
  });

  it("a document by its number", () => {
    expect(documentView(at("submitted"), 1)).toEqual({ loanId: "l", documentNo: 1, ...DOCUMENT });
    for (const number of [0, 2, 1.5, -1]) expect(documentView(at("submitted"), number)).toBeNull();
  });

  it("a contract from the approval on, with its hash", () => {
    for (const stage of ["draft", "submitted", "proposed", "rejected", "withdrawn"] as const) {
      expect(contractView(at(stage))).toBeNull();
    }
    for (const stage of ["approved", "signed", "listed"] as const) {
      expect(contractView(at(stage))).toMatchObject({ contractHash: HASH, contractVersion: 1 });
    }
  });
});
