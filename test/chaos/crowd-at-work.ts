// Lenders and an operator at work on a server that is ready: accounts, loans and money are there,
// and both go on until they are ended.

import { onTestFinished } from "vitest";
import { token } from "./aftermath.ts";
import { ChaosCrowd } from "./chaos-crowd.ts";
import { ChaosOperator } from "./chaos-operator.ts";
import type { Random } from "../support/random.ts";

export interface Work {
  readonly url: string;
  readonly jwtSecret: string;
  readonly shards: number;
  readonly random: Random;
  readonly lenders: readonly string[];
  readonly depositCents: number;
  readonly principals: Readonly<Record<string, number>>;
}

export interface AtWork {
  readonly crowd: ChaosCrowd;
  readonly operator: ChaosOperator;
  /** Resolves when all that was sent is answered, and all connections are closed. */
  end(): Promise<void>;
}

/** Closed with the test that asked for it, if not before. */
export async function putToWork(work: Work): Promise<AtWork> {
  const { url, jwtSecret, shards, random, lenders, depositCents, principals } = work;
  const operatorToken = await token(jwtSecret, "operator", "operator");
  const operator = new ChaosOperator({ url, token: operatorToken, shards, random });
  onTestFinished(() => operator.close());
  const lenderToken = (accountId: string): Promise<string> => token(jwtSecret, accountId, "client");
  const loanIds = Object.keys(principals);
  const crowd = new ChaosCrowd({ url, loanIds, random, token: lenderToken });
  onTestFinished(() => crowd.close());
  await operator.prepare(lenders, depositCents, principals);
  await crowd.connect(lenders);
  crowd.begin();
  operator.begin(lenders);
  return {
    crowd,
    operator,
    end: async () => {
      await Promise.all([crowd.end(), operator.end()]);
      crowd.close();
      operator.close();
    },
  };
}
