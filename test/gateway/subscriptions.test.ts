// What a session watches when its words overtake the answers to those before.

import { expect, test } from "vitest";
import { accountId } from "../../actors/address.ts";
import type { MarketFeed } from "../../src/gateway/market-feed.ts";
import { Session } from "../../src/gateway/session.ts";
import { Subscriptions, type WatchCommand } from "../../src/gateway/subscriptions.ts";
import type { Runtime } from "../../src/runtime/port.ts";

const ANN = accountId("ann");

function watching() {
  const runtime = { unwatchAccount: () => undefined } as unknown as Runtime;
  const subscriptions = new Subscriptions(runtime, {} as MarketFeed, 10);
  const session = new Session(true, "127.0.0.1", 0);
  const watch = (receipts: boolean): WatchCommand => {
    return { type: "WatchAccount", accountId: null, after: null, receipts };
  };
  return { subscriptions, session, watch };
}

test("an unwatch that overtakes the answer to a watch ends its receipts, too", () => {
  const { subscriptions, session, watch } = watching();
  subscriptions.ask(session, watch(true), ANN);
  subscriptions.endAccount(session, ANN);
  subscriptions.answered(session, watch(true), ANN, "account");
  expect(session.receiptsOf?.has(ANN) ?? false).toBe(false);
  subscriptions.ask(session, watch(false), ANN);
  subscriptions.answered(session, watch(false), ANN, "account");
  expect(subscriptions.watchersOf(ANN)?.has(session)).toBe(true);
  expect(session.receiptsOf?.has(ANN) ?? false).toBe(false);
});

test("receipts are told from the answer on, and to the end of the watch", () => {
  const { subscriptions, session, watch } = watching();
  subscriptions.ask(session, watch(true), ANN);
  subscriptions.answered(session, watch(true), ANN, "account");
  expect(session.receiptsOf?.has(ANN)).toBe(true);
  subscriptions.endAccount(session, ANN);
  expect(session.receiptsOf?.has(ANN)).toBe(false);
});

test("a watch that is refused tells no receipts", () => {
  const { subscriptions, session, watch } = watching();
  subscriptions.ask(session, watch(true), ANN);
  subscriptions.answered(session, watch(true), ANN, null);
  expect(session.receiptsOf?.has(ANN) ?? false).toBe(false);
});
