import { describe, expect, it } from "vitest";
import { loanId } from "../../../actors/address.ts";
import { loanPartsOf, restoreLoan, snapshotLoan } from "../../../actors/loan/snapshot.ts";
import type { LoanState } from "../../../actors/loan/loan.ts";
import { packValues, unpackValues } from "../../../src/runtime/snapshot-codec.ts";
import { given, request } from "../../support/given.ts";
import { ALL_STAGES, ATTACHED, STAGES } from "./stages.ts";

describe("Application: snapshot", () => {
  it.each(ALL_STAGES.filter((stage) => stage !== "absent"))(
    "of what is %s is all of it",
    (stage) => {
      const refused = { ...request(50), refusal: "application_not_draft" };
      const events =
        stage === "direct"
          ? STAGES[stage]
          : [...STAGES[stage], { type: "BorrowerRequestRefused", ...refused }];
      const { state } = given("loan", "l", ...events);
      const { main } = snapshotLoan(state as unknown as LoanState, "all");
      const stored = unpackValues(packValues(main));
      expect(loanPartsOf(stored)).toEqual([]);
      const restored = restoreLoan(loanId("l"), stored, []);
      expect(restored.status).toBe(state.status);
      expect(snapshotLoan(restored, "all").main).toEqual(main);
    },
  );

  it("keeps documents in their order", () => {
    const second = { ...ATTACHED, ...request(60), documentNo: 2, documentHash: "b".repeat(64) };
    const { state } = given("loan", "l", ...STAGES.draft, ATTACHED, second);
    const { main } = snapshotLoan(state as unknown as LoanState, "all");
    expect(restoreLoan(loanId("l"), main, [])).toMatchObject({
      application: {
        documents: [{ documentHash: "a".repeat(64) }, { documentHash: "b".repeat(64) }],
      },
    });
  });
});
