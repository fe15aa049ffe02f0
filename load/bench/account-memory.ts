// Memory of a resident account: a server with a few accounts against the same server with many
// more, each with a deposit and one bid, both after a full garbage collection.

import { INSPECT_ARGUMENT, memoryAfterCollection } from "../machine/inspector.ts";
import { BID_CENTS, Market } from "../driver/market.ts";
import { DAY_MS } from "../../src/time/units.ts";
import type { Progress } from "./progress.ts";
import type { Endpoint } from "../driver/raw-socket.ts";
import { ServerProcess, type ServerOptions } from "../machine/server-process.ts";
import { Tokens } from "../driver/tokens.ts";
import { placeBids } from "../driver/place-bids.ts";

export interface AccountMemory {
  readonly accounts: number;
  /** Heap and buffers, for each account with its entries, its hold and its bid on the loan. */
  readonly bytesPerAccount: number;
  readonly residentBytesPerAccount: number | null;
}

/** Accounts that are there in both states: code is compiled, tables have grown. */
const BASE_ACCOUNTS = 2_000;
const LOAN = "memory-0000";
const CONNECTIONS = 64;
/** Past the time for which the server keeps acknowledged commits and writes snapshots. */
const SETTLE_MS = 4_000;
export const MEMORY_SETTINGS: Readonly<Record<string, string>> = {
  LOANLOOM_KEEP_ACKNOWLEDGED_MS: "1000",
  LOANLOOM_IDLE_MS: String(DAY_MS),
};

export async function measureAccountMemory(
  options: ServerOptions,
  accounts: number,
  progress: Progress,
): Promise<AccountMemory> {
  progress.show(`memory of ${accounts} accounts`);
  const server = await ServerProcess.start({
    ...options,
    environment: { ...options.environment, ...MEMORY_SETTINGS },
    nodeArguments: [INSPECT_ARGUMENT],
  });
  try {
    const tokens = new Tokens(options.jwtSecret);
    const market = await Market.open(server.endpoint, tokens);
    await market.openBorrower();
    await market.listLoans([LOAN]);
    await addBidders(market, server.endpoint, tokens, names("base", BASE_ACCOUNTS));
    const before = await settledMemory(server);
    await addBidders(market, server.endpoint, tokens, names("more", accounts));
    const after = await settledMemory(server);
    market.close();
    const resident =
      before.residentBytes === null || after.residentBytes === null
        ? null
        : Math.round((after.residentBytes - before.residentBytes) / accounts);
    return {
      accounts,
      bytesPerAccount: Math.round((after.ownedBytes - before.ownedBytes) / accounts),
      residentBytesPerAccount: resident,
    };
  } finally {
    await server.stop();
  }
}

async function settledMemory(server: ServerProcess) {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return memoryAfterCollection(server.log, server.pid);
}

async function addBidders(
  market: Market,
  endpoint: Endpoint,
  tokens: Tokens,
  accounts: readonly string[],
): Promise<void> {
  await market.openAccounts(accounts);
  await placeBids({
    endpoint,
    subprotocolsOf: (lender) => tokens.subprotocols(lender, "client"),
    lenders: accounts.map((account) => [account, [LOAN]]),
    amountCents: BID_CENTS,
    lendersAtOnce: CONNECTIONS,
    inFlight: 1,
  });
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(7, "0")}`);
}
