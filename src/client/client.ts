// The SDK: a client of a Loanloom server that asks, watches, and comes back by itself after any
// loss of the connection without doing anything twice. Runs on Node and in browsers.

import { formatRequestId } from "../../actors/address.ts";
import { complaintAbout } from "../protocol/encode-request.ts";
import type { ServerMessage } from "../protocol/decode-reply.ts";
import type { OperationName } from "../protocol/table.ts";
import { AccountWatch, type AccountUpdate, type AccountWatchOptions } from "./account-watch.ts";
import type { Connection } from "./connection.ts";
import { ENCODINGS } from "./encoding.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { LoanWatch, type LoanUpdate } from "./loan-watch.ts";
import { LoanloomError } from "./loanloom-error.ts";
import { clientLimits, type ClientLimits, type ClientOptions } from "./options.ts";
import { requestIds } from "./request-id.ts";
import { prepare, Stamps } from "./prepared-request.ts";
import { RequestTable, type Ask } from "./request-table.ts";
import type { AccountView, Outcome, Reply, RequestFields } from "./request-types.ts";
import { startSweeping, stopSweeping } from "./sweeper.ts";
import type { Watch } from "./watch.ts";

export { LoanloomError, type LoanloomErrorCode } from "./loanloom-error.ts";
export type { ClientOptions } from "./options.ts";
export { verifyReceipt, type Receipt, type ReceiptFault } from "./receipt.ts";
export type { AccountUpdate, AccountWatchOptions } from "./account-watch.ts";
export type { PushedReceiptFault, ReceiptUpdate } from "./pending-receipts.ts";
export type { LoanUpdate } from "./loan-watch.ts";
export type * from "./request-types.ts";

export interface ClientEvents {
  /** The first connection is up. */
  connected: { readonly url: string };
  /** The connection is lost; the client connects again by itself. */
  disconnected: { readonly code: number; readonly reason: string };
  /** It is up again. `resent`: requests that wait for an answer from before. */
  reconnected: { readonly downMs: number; readonly resent: number };
  /** The client is closed: by `close`, or because going on is useless. */
  closed: { readonly error: LoanloomError | null };
}

export interface RequestOptions {
  /** From asking to the answer, over all repetitions and reconnects. */
  readonly timeoutMs?: number;
}

/** A subscription. `close` ends it; the listener is not called any more. */
export interface Watching {
  close(): void;
}

/**
 * Connects, and gives the client once the connection is up. Rejects with LoanloomError:
 * `unreachable` after `firstConnectTimeoutMs`, `unauthenticated` for a refused token.
 */
export async function connect(options: ClientOptions): Promise<LoanloomClient> {
  const client = new LoanloomClient(options);
  await client.ready;
  return client;
}

/** A new request id, for callers that write down what they are going to ask before asking it. */
export function newRequestId(): string {
  return formatRequestId(requestIds.next());
}

export class LoanloomClient {
  /** Settled once: when the first connection is up, or when there will be none. */
  readonly ready: Promise<void>;
  readonly #options: ClientOptions;
  readonly #limits: ClientLimits;
  readonly #requests: RequestTable;
  readonly #link: Link;
  readonly #listeners = new Listeners<ClientEvents>();
  readonly #watches = new Set<Watch>();
  readonly #stamps = new Stamps();
  #becameReady!: () => void;
  #neverReady!: (error: LoanloomError) => void;
  #everUp = false;
  #downSinceMs = 0;
  #closed: LoanloomError | null = null;

  /** Starts connecting; requests may be made at once and are sent when the connection is up. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#limits = clientLimits(options);
    this.#requests = new RequestTable(this.#limits, Math.random);
    this.ready = new Promise<void>((resolve, reject) => {
      this.#becameReady = resolve;
      this.#neverReady = reject;
    });
    // Whoever does not wait for it hears of the same failure from the requests.
    this.ready.catch(() => undefined);
    const { url, token, encoding = "msgpack", webSocket } = options;
    this.#link = new Link(url, token, ENCODINGS[encoding], this.#limits, webSocket, {
      up: (connection) => this.#up(connection),
      received: (message) => this.#received(message),
      quiet: () => this.#ping(),
      down: (code, reason) => this.#down(code, reason),
      lost: (error) => this.#end(error),
    });
    startSweeping(this);
    this.sweep(performance.now());
  }

  get connected(): boolean {
    return this.#link.isUp;
  }

  /** Requests without an answer so far. */
  get unsettled(): number {
    return this.#requests.unsettled;
  }

  /**
   * Asks for any operation of the protocol. Rejects with LoanloomError; the same mutating request
   * is sent again after a lost connection and has its effect once.
   */
  request<Name extends OperationName>(
    operation: Name,
    fields: RequestFields<Name>,
    options: RequestOptions = {},
  ): Promise<Reply<Name>> {
    return new Promise((resolve, reject) => {
      const prepared = prepare(operation, fields, this.#stamps);
      if (prepared instanceof LoanloomError) return reject(prepared);
      this.#ask({
        ...prepared,
        operation,
        deadlineMs: options.timeoutMs ?? this.#limits.requestTimeoutMs,
        bound: false,
        resolve: (view, position) => resolve({ ...view, position } as Reply<Name>),
        reject,
      });
    });
  }

  placeBid(fields: RequestFields<"bid.place">, options?: RequestOptions) {
    return this.request("bid.place", fields, options);
  }

  cancelBid(fields: RequestFields<"bid.cancel">, options?: RequestOptions) {
    return this.request("bid.cancel", fields, options);
  }

  /** Balances; without an id, of the client's own account. */
  account(accountId?: string): Promise<AccountView & { readonly position: string }> {
    return this.request("account.get", { accountId });
  }

  /** What a request came to: for those that ended with `deadline_exceeded`. */
  outcome(requestId: string, accountId?: string): Promise<Outcome & { readonly position: string }> {
    return this.request("request.outcome", { requestId, accountId });
  }

  /** Presents a newer token on the open connection, and uses it for the next ones. */
  authenticate(token: string): Promise<Reply<"session.authenticate">> {
    this.#link.useToken(token);
    return this.request("session.authenticate", { token });
  }

  /**
   * Follows an account: snapshot, then every entry once and in order. `after` continues from an
   * entry that the caller has. With `receipts`, the receipt of each repayment follows, checked.
   */
  watchAccount(
    listener: (update: AccountUpdate) => void,
    options: AccountWatchOptions = {},
  ): Promise<Watching> {
    const asked = AccountWatch.asked(options);
    const complaint = complaintAbout("account.watch", asked);
    if (complaint !== null) return Promise.reject(invalid("account.watch", complaint));
    return this.#watch(
      (told, started) => new AccountWatch(asked, this.#watchPort, told, started),
      listener,
    );
  }

  /** Follows a loan: snapshot, then its progress as the market feed publishes it. */
  watchLoan(loanId: string, listener: (update: LoanUpdate) => void): Promise<Watching> {
    const complaint = complaintAbout("loan.watch", { loanId });
    if (complaint !== null) return Promise.reject(invalid("loan.watch", complaint));
    return this.#watch(
      (told, started) => new LoanWatch(loanId, this.#watchPort, told, started),
      listener,
    );
  }

  /** Gives back the function that takes the listener away again. */
  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (value: ClientEvents[Name]) => void,
  ): () => void {
    return this.#listeners.on(event, listener);
  }

  /** Closes for good. What has no answer yet is rejected with `closed`; it may have had effect. */
  close(): void {
    this.#end(null);
  }

  /** Called by the common timer of all clients; not for users. */
  sweep(nowMs: number): void {
    this.#link.sweep(nowMs);
    this.#requests.sweep(nowMs);
  }

  // ------------------------------------------------------------ what the connection tells

  #up(connection: Connection): void {
    const again = this.#everUp;
    this.#everUp = true;
    this.#becameReady();
    for (const watch of this.#watches) watch.resume();
    const resent = this.#requests.unsettled;
    this.#requests.connected((operation, id, fields) => connection.send(operation, id, fields));
    if (again) {
      const downMs = performance.now() - this.#downSinceMs;
      this.#listeners.emit("reconnected", { downMs, resent });
    } else {
      this.#listeners.emit("connected", { url: this.#options.url });
    }
  }

  #ping(): void {
    this.#ask({
      operation: "session.ping",
      fields: {},
      requestId: null,
      restamp: null,
      deadlineMs: this.#limits.requestTimeoutMs,
      bound: true,
      resolve: ignore,
      reject: ignore,
    });
  }

  #down(code: number, reason: string): void {
    this.#downSinceMs = performance.now();
    this.#requests.disconnected();
    this.#listeners.emit("disconnected", { code, reason });
  }

  #received(message: ServerMessage): void {
    if (message.kind !== "push") return this.#requests.answered(message, performance.now());
    const { push, view } = message;
    if (push === "server.shutdown") {
      this.#requests.pause();
      this.#link.announced(view["reconnectAfterMs"] as number, view["url"] as string | null);
      return;
    }
    const ofLoan = push === "loan.progress";
    const subject = ofLoan ? view["loanId"] : view["accountId"];
    const unwatch = ofLoan ? "loan.unwatch" : "account.unwatch";
    for (const watch of this.#watches) {
      if (watch.subject === subject && watch.unwatch === unwatch) watch.pushed(view, push);
    }
  }

  #end(error: LoanloomError | null): void {
    if (this.#closed !== null) return;
    this.#closed = error ?? new LoanloomError("closed", "the client is closed");
    stopSweeping(this);
    this.#link.close();
    this.#neverReady(this.#closed);
    this.#requests.rejectAll(this.#closed.code, this.#closed.detail);
    const watches = [...this.#watches];
    this.#watches.clear();
    for (const watch of watches) watch.end(this.#closed);
    this.#listeners.emit("closed", { error });
  }

  // ------------------------------------------------------------ asking and watching

  #ask(ask: Ask): void {
    if (this.#closed !== null) {
      const { operation, requestId } = ask;
      const { code, detail } = this.#closed;
      ask.reject(new LoanloomError(code, detail, { operation, requestId: requestId ?? undefined }));
      return;
    }
    this.#requests.ask(ask, performance.now());
  }

  readonly #watchPort = {
    ask: (
      operation: OperationName,
      fields: object,
      bound: boolean,
      resolve: (view: Readonly<Record<string, unknown>>) => void,
      reject: (error: LoanloomError) => void,
    ) => {
      const deadlineMs = bound ? Infinity : this.#limits.requestTimeoutMs;
      const ask = { operation, fields, requestId: null, restamp: null };
      this.#ask({ ...ask, deadlineMs, bound, resolve, reject });
    },
    over: (watch: Watch, error: LoanloomError) => {
      if (this.#watches.delete(watch)) watch.end(error);
    },
  };

  #watch<Update>(
    make: (told: (update: Update) => void, started: (error: Error | null) => void) => Watch,
    listener: (update: Update) => void,
  ): Promise<Watching> {
    return new Promise((resolve, reject) => {
      let open = true;
      const close = () => {
        open = false;
        this.#unwatch(watch);
      };
      const told = (update: Update) => {
        if (open) listener(update);
      };
      const watch = make(told, (error) => (error === null ? resolve({ close }) : reject(error)));
      this.#watches.add(watch);
      watch.begin();
    });
  }

  #unwatch(watch: Watch): void {
    if (!this.#watches.delete(watch) || !this.#link.isUp) return;
    for (const other of this.#watches) {
      if (other.unwatch === watch.unwatch && isOrMayBe(other, watch.subject)) return;
    }
    this.#watchPort.ask(watch.unwatch, watch.fields, true, ignore, ignore);
  }
}

/** One that waits for its first answer knows its account only if it asked for it by name. */
function isOrMayBe(watch: Watch, subject: string | null): boolean {
  if (watch.subject !== null) return watch.subject === subject;
  const { accountId } = watch.fields as { readonly accountId: string | null };
  return accountId === null || subject === null || accountId === subject;
}

function ignore(): void {
  // An answer to a ping counts by being heard; one to the end of a watch makes no difference.
}

function invalid(operation: OperationName, complaint: string): LoanloomError {
  return new LoanloomError("invalid_field", complaint, { operation });
}
