// What a bid costs in the core alone.

import type { AccountId, LoanId } from "../../actors/address.ts";
import { encodeRequest } from "../../src/protocol/encode-request.ts";
import { MsgpackWriter } from "../../src/protocol/msgpack-writer.ts";
import { Chance } from "../../src/chance/chance.ts";
import {
  byOperator,
  commandIn,
  CoreWorld,
  cpuOf,
  LISTING,
  type CoreFigures,
} from "./core-world.ts";

export interface BidOptions {
  readonly accounts: number;
  readonly loans: number;
  readonly inFlight: number;
  readonly bids: number;
}

const SHARE_OF_WARM_UP = 0.3;
const PRINCIPAL_CENTS = 1_000_000_000_000;
const BID_CENTS = 10_000;
const SEED = 7;

/** One run in a fresh world; a process should have no more than one, as a server has. */
export async function measureBids(options: BidOptions): Promise<CoreFigures> {
  const bidders = new Bidders(options);
  await bidders.setUp();
  const warmUp = Math.floor(options.bids * SHARE_OF_WARM_UP);
  const bids = options.bids - warmUp;
  const before = bidders.frames(warmUp);
  const measured = bidders.frames(bids);
  await bidders.bid(before);
  const figures = await cpuOf(bids, () => bidders.bid(measured));
  await bidders.world.stop();
  return figures;
}

interface Frames {
  readonly count: number;
  readonly senders: readonly AccountId[];
  at(nth: number): Uint8Array;
}

class Bidders {
  readonly world: CoreWorld;
  readonly #inFlight: number;
  readonly #accounts: readonly AccountId[];
  readonly #loans: readonly LoanId[];
  readonly #chance = new Chance(SEED);

  constructor({ accounts, loans, inFlight }: BidOptions) {
    this.world = new CoreWorld(inFlight);
    this.#inFlight = inFlight;
    this.#accounts = Array.from({ length: accounts }, (_, n) => `lender-${n}` as AccountId);
    this.#loans = Array.from({ length: loans }, (_, n) => `loan-${n}` as LoanId);
  }

  async setUp(): Promise<void> {
    const { world } = this;
    await world.start();
    await world.openAccounts(this.#accounts);
    const terms = { ...LISTING, borrowerId: "borrower", principalCents: PRINCIPAL_CENTS };
    await world.ask("loan.list", this.#loans.length, (nth) =>
      byOperator({ ...terms, cancellable: true, loanId: this.#loans[nth] }),
    );
  }

  /** Each turn of the event loop sends as many as were answered. */
  async bid(frames: Frames): Promise<void> {
    const { world } = this;
    let sent = 0;
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      const pump = (): void => {
        while (sent < frames.count && sent - done < this.#inFlight) {
          world.submit(commandIn(frames.at(sent)), frames.senders[sent++]!);
        }
        if (done === frames.count) resolve();
        else setImmediate(pump);
      };
      world.onAnswer = (answer) => {
        done++;
        if (answer.type === "Refused") reject(new Error(`a bid was refused: ${answer.code}`));
      };
      pump();
    });
  }

  /** Made before, in one piece of memory, so that neither making nor keeping them is measured. */
  frames(count: number): Frames {
    const writer = new MsgpackWriter();
    const ends = new Uint32Array(count + 1);
    const chunks: Uint8Array[] = [];
    for (let nth = 0; nth < count; nth++) {
      writer.reset();
      encodeRequest(writer, "bid.place", nth, {
        requestId: this.world.ids.next(),
        loanId: this.#chance.oneOf(this.#loans),
        amountCents: BID_CENTS,
        fill: "upTo",
        minCents: null,
      });
      chunks.push(Uint8Array.from(writer.view()));
      ends[nth + 1] = ends[nth]! + writer.length;
    }
    const memory = new Uint8Array(Buffer.concat(chunks));
    const senders = Array.from({ length: count }, () => this.#chance.oneOf(this.#accounts));
    return { count, senders, at: (nth) => memory.subarray(ends[nth]!, ends[nth + 1]!) };
  }
}
