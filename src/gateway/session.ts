// One open WebSocket: the little that must be remembered between two frames. It has no behaviour
// beyond closing; who it speaks for, what it may and what it gets is decided by its neighbours.

import type * as uWS from "uWebSockets.js";
import type { AccountId } from "../../actors/address.ts";
import type { Release } from "../runtime/port.ts";
import type { Allowance } from "./allowances.ts";
import type { Principal } from "./authenticator.ts";

/** What uWebSockets.js carries for each socket. It copies the object, hence the inner reference. */
export interface SocketTag {
  readonly session: Session;
  /** The token of the handshake, to be verified first thing. */
  readonly token: string | null;
}

export type Socket = uWS.WebSocket<SocketTag>;

/** What waits for the end of a release to be sent: answers and entries, in order. */
export type Outgoing = Extract<Release, { kind: "answer" | "entry" }>;

export class Session {
  readonly isBinary: boolean;
  readonly address: string;
  readonly openedAtMs: number;
  /** Undefined before it opens and from the moment it closes: never send on a closed socket. */
  socket: Socket | undefined;
  principal: Principal | null = null;
  allowance: Allowance | null = null;
  isAuthenticating = false;
  /** Frames that came while the first token was verified. */
  held: ArrayBuffer[] = [];
  /** A frame was dropped for backpressure: nothing more may follow it. */
  isShort = false;
  inFlight = 0;
  badFramesInRow = 0;
  rateLimitedInRow = 0;
  outgoing: Outgoing[] = [];
  /** Watched accounts whose repayments are followed by their receipts. */
  receiptsOf: Set<AccountId> | null = null;

  constructor(isBinary: boolean, address: string, openedAtMs: number) {
    this.isBinary = isBinary;
    this.address = address;
    this.openedAtMs = openedAtMs;
  }

  /** Sends a close frame; the close callback of the endpoint runs before this returns. */
  end(code: number, reason: string): void {
    this.socket?.end(code, reason);
  }

  /** Cuts the connection: a slow consumer would not read a close frame either. */
  cut(): void {
    this.socket?.close();
  }
}
