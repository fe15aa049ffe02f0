// Restate behind a gateway: a call of the account's virtual object for each bid, with the
// request id as its idempotency key.

import { RestateClient } from "./restate-ingress.ts";
import type { RestateOutcome } from "./restate-service.ts";
import type { PeerRequest, PeerStore, StoreEvents, StoreSettings } from "./store.ts";

/** One carries some hundred calls at once. */
const CONNECTIONS = 16;

export class RestateStore implements PeerStore {
  readonly #client: RestateClient;
  readonly #events: StoreEvents;

  constructor(settings: StoreSettings, events: StoreEvents) {
    this.#client = new RestateClient(settings.address, CONNECTIONS, (error) => events.fail(error));
    this.#events = events;
  }

  take(request: PeerRequest): void {
    const { accountId, loanId, amountCents, requestId } = request;
    const key = Buffer.from(requestId, "latin1").toString("hex");
    this.#client
      .post(`/account/${accountId}/bid`, { loanId, amountCents }, key)
      .then((answer) => {
        const { error, rank, remainingCents } = answer as RestateOutcome;
        request.errorNumber = error;
        request.ordinal = rank;
        request.remainingCents = remainingCents;
        this.#events.answer(request);
      })
      .catch((error: unknown) => this.#events.fail(error as Error));
  }

  flush(): void {}

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }
}
