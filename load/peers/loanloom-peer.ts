// Ourselves among the peers: the server as users run it, tokens, deduplication, ledger, MACs and
// all, with its embedded Redis. Its books are read over its protocol, as clients can.

import { join } from "node:path";
import { Market } from "../driver/market.ts";
import { ServerProcess } from "../machine/server-process.ts";
import { Tokens } from "../driver/tokens.ts";
import type { PeerBooks } from "./books.ts";
import type { Peer, PeerSetting, RunningPeer } from "./peer.ts";

export const LOANLOOM: Peer = {
  key: "loanloom",
  name: "Loanloom",
  how: "actors in memory, a journal of group commits in Redis, all features on",
  durability: "appendfsync always: the commit is on disk before any of its answers leaves",
  atomicity: "the turn: all bids of a commit",
  isFloor: false,
  contests: ["bids", "repayments"],
  missing: () => Promise.resolve(null),
  start,
};

async function start({ folder, world, jwtSecret }: PeerSetting): Promise<RunningPeer> {
  const server = await ServerProcess.start({ folder: join(folder, "server"), jwtSecret });
  try {
    const market = await Market.open(server.endpoint, new Tokens(jwtSecret));
    await market.openBorrower();
    await market.openAccounts(world.accounts, world.depositCents);
    const loans = world.loans.map(({ loanId }) => loanId);
    await market.listLoans(loans);
    const books = async (): Promise<PeerBooks> => {
      const views = await market.loans(loans);
      return {
        loans: views.map((view) => ({
          raisedCents: view["raisedCents"] as number,
          bids: view["bids"] as number,
          recordedCents: null,
          repaidCents: 0,
          repayments: 0,
          creditedCents: null,
          credits: null,
        })),
        availableCents: await market.availableCents(world.accounts),
        heldCents: await market.heldCents(world.accounts),
      };
    };
    return {
      target: server,
      direct: null,
      books,
      stored: null,
      failure: () => undefined,
      stop: async () => {
        market.close();
        await server.stop();
      },
    };
  } catch (error) {
    if (error instanceof Error) error.message += `\n${server.logTail}`;
    await server.stop();
    throw error;
  }
}
