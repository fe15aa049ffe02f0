// From decoded values to the command that the program works with: the last step of both decoders.
// Fields always come in the order of the table, so that all commands of a type share one shape.

import { fingerprintOf } from "./fingerprint.ts";
import type { OperationPlan } from "./plans.ts";
import type { Command } from "./table.ts";
import type { ErrorCode } from "./errors.ts";

/** A request as it came from a client: a command whose every field was checked, or why not. */
export type DecodedRequest =
  | { readonly ok: true; readonly id: number; readonly command: Command }
  | {
      readonly ok: false;
      /** Null when the frame was too broken to tell. */
      readonly id: number | null;
      readonly code: ErrorCode;
      readonly detail: string;
    };

export function refused(id: number | null, code: ErrorCode, detail: string): DecodedRequest {
  return { ok: false, id, code, detail };
}

/** `values`: one for each field of the plan, checked; null where an optional one was left out. */
export function commandFrom(plan: OperationPlan, values: readonly unknown[]): Command {
  // Bids come in bursts: a literal has its shape from the start, which the loop below builds up
  // key by key. A test holds the two together.
  if (plan.operation === "bid.place") {
    return {
      type: plan.command,
      requestId: values[0],
      loanId: values[1],
      amountCents: values[2],
      fill: values[3],
      minCents: values[4],
      fingerprint: fingerprintOf(plan, values),
    } as Command;
  }
  const command: Record<string, unknown> = { type: plan.command };
  const fields = plan.fields;
  for (let index = 0; index < fields.length; index++) {
    command[fields[index]!.name] = values[index];
  }
  if (plan.mutates) command["fingerprint"] = fingerprintOf(plan, values);
  return command as unknown as Command;
}
