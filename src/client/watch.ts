// What the client knows of anything that is watched.

import type { OperationName, PushName } from "../protocol/table.ts";
import type { LoanloomError } from "./loanloom-error.ts";

type View = Readonly<Record<string, unknown>>;

export interface Watch {
  /** Id of the account or loan, as pushes name it; null while it is not known yet. */
  readonly subject: string | null;
  readonly unwatch: "account.unwatch" | "loan.unwatch";
  /** Fields of the operation that ends it. */
  readonly fields: object;
  /** Subscribes for the first time, as an ordinary request with its deadline. */
  begin(): void;
  /** A new connection is there: subscribes again, if it had begun. */
  resume(): void;
  /** A push about the subject. */
  pushed(view: View, push: PushName): void;
  /** It is over, and will be told nothing more. */
  end(error: LoanloomError): void;
}

/** What a watch may do to its client. */
export interface WatchPort {
  /** With `bound`, a request of the present connection only, without a deadline. */
  ask(
    operation: OperationName,
    fields: object,
    bound: boolean,
    resolve: (view: View) => void,
    reject: (error: LoanloomError) => void,
  ): void;
  /** The server refused the watch: it is to be ended. */
  over(watch: Watch, error: LoanloomError): void;
}
