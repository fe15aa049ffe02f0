import { describe, expect, it } from "vitest";
import { TrialBalance } from "../../src/ledger/trial-balance.ts";

describe("TrialBalance", () => {
  it("an event whose postings do not sum to zero is found at once", () => {
    const balance = new TrialBalance();
    balance.post("asset.custody", "", 100);
    expect(() => balance.closeEvent()).toThrow(/not to: 100/);
  });

  it("one book does not hide what the other is wrong by", () => {
    const event = new TrialBalance();
    event.post("asset.custody", "", 100);
    event.post("memo.debt", "spring", -100);
    expect(() => event.closeEvent()).toThrow(/not to: 100/);
    expect(event.differenceCents()).toBe(200n);
    const memo = new TrialBalance();
    memo.post("memo.claim", "spring", 100);
    memo.post("memo.debt", "spring", -99);
    expect(() => memo.closeEvent()).toThrow(/memo book .* not to: 1$/);
    const { "memo.debt": debt, ...others } = new TrialBalance().totals();
    expect(debt).toBe("0");
    const wrong = { ...others, "memo.debt": "-5", "asset.custody": "5" };
    expect(TrialBalance.restore(wrong).differenceCents()).toBe(10n);
    const right = { ...others, "memo.debt": "-5", "memo.claim": "5" };
    expect(TrialBalance.restore(right).differenceCents()).toBe(0n);
  });

  it("sums beyond 2^53 exactly", () => {
    const balance = new TrialBalance();
    const amount = 1_000_000_000_000;
    for (let n = 0; n < 20_001; n++) {
      balance.post("asset.custody", "", amount);
      balance.post("client.available", "a", -amount);
      balance.closeEvent();
    }
    balance.post("asset.custody", "", 1);
    balance.post("client.held", "a", -1);
    expect(balance.total("asset.custody")).toBe(20_001n * 1_000_000_000_000n + 1n);
    expect(balance.differenceCents()).toBe(0n);
    const restored = TrialBalance.restore(balance.totals());
    expect(restored.totals()).toEqual(balance.totals());
  });

  it("refuses what is no whole number of cents", () => {
    const balance = new TrialBalance();
    expect(() => balance.post("asset.custody", "", 0.5)).toThrow(/whole cents/);
    expect(() => balance.post("asset.custody", "", Number.NaN)).toThrow(/whole cents/);
  });
});
