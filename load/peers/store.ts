// What a peer is to its gateway: something that takes bids and repayments and answers when they are
// durable. All peers answer over the same gateway, so that none is favoured by its sockets.

/** A request in flight, and its outcome once it is answered. */
export interface PeerRequest {
  readonly kind: "bid" | "repayment";
  readonly accountId: string;
  readonly loanId: string;
  readonly amountCents: number;
  /** UUIDv7, its 16 bytes as Latin-1 characters. */
  readonly requestId: string;
  /** The frame as it came, for a floor that appends it; empty for all others. */
  readonly frame: Uint8Array;
  /** 0 when it was done; else the number of the protocol's error. */
  errorNumber: number;
  /** Rank of a bid among those of its loan, number of a repayment among its loan's; from 1. */
  ordinal: number;
  remainingCents: number;
  /** Whose turn it is to be told; belongs to the gateway or to the direct loop. */
  readonly from: unknown;
  readonly correlationId: number;
}

export interface PeerStore {
  take(request: PeerRequest): void;
  /** All requests that came in this turn of the event loop were handed over. */
  flush(): void;
  close(): Promise<void>;
}

export interface StoreEvents {
  /** The request has its outcome, and what it changed is on disk. */
  answer(request: PeerRequest): void;
  /** Something broke: the run is over. */
  fail(error: Error): void;
}

/**
 * A loan that takes bids, or one that is lent and repaid: then every lender holds the same share.
 */
interface PeerLoan {
  readonly loanId: string;
  readonly principalCents: number;
  readonly borrowerId: string | null;
  readonly lenders: readonly string[];
}

export interface PeerWorld {
  readonly accounts: readonly string[];
  readonly depositCents: number;
  readonly loans: readonly PeerLoan[];
}

export type StoreKind =
  "postgresRows" | "postgresBatch" | "redisScript" | "redisBatch" | "redisAppend" | "restate";

/** What a gateway process is told to open. */
export interface StoreSettings {
  readonly kind: StoreKind;
  /** Folder of a unix socket, path of one, or the URL of an ingress. */
  readonly address: string;
  readonly accounts: readonly string[];
  readonly loans: readonly string[];
  /** Of each loan that is repaid; 0 where none is. */
  readonly lendersOfLoan: number;
}

/**
 * What a gateway must be told of a world. Every loan that is repaid has the same number of lenders.
 */
export function settingsOf(
  kind: StoreKind,
  address: string,
  { accounts, loans }: PeerWorld,
): StoreSettings {
  const lendersOfLoan = Math.max(...loans.map(({ lenders }) => lenders.length));
  return { kind, address, accounts, loans: loans.map(({ loanId }) => loanId), lendersOfLoan };
}

/** Places of names, for peers whose experts would use short keys. */
export function placesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, place) => [name, place]));
}
