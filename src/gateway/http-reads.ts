// The reads that HTTP offers, by path and query: the same commands that frames become. Which there
// are stands in protocol/http-paths.ts. A path that is none of these has no read; a part of it
// that is wrong is told in words.

import { isId, parseRequestId } from "../../actors/address.ts";
import { AssertionError } from "../money/assert.ts";
import { commandFrom } from "../protocol/commands.ts";
import { HTTP_READS, type HttpReadRow } from "../protocol/http-paths.ts";
import { KIND, OPERATION_PLANS, type FieldPlan, type OperationPlan } from "../protocol/plans.ts";
import type { ActorCommand } from "../runtime/port.ts";

export type HttpRead = ActorCommand | { readonly type: "GetMarket" };

interface ReadPath {
  readonly pattern: RegExp;
  readonly plan: OperationPlan;
  /** Of each field: its place in the path, or its name in the query. */
  readonly sources: readonly (number | string)[];
}

const PATHS: readonly ReadPath[] = HTTP_READS.map(compiled);

function compiled({ path, operation, query }: HttpReadRow): ReadPath {
  const names: string[] = [];
  const pattern = path.replace(/:(\w+)/g, (_, name: string) => {
    names.push(name);
    return "([^/]+)";
  });
  const plan = OPERATION_PLANS.get(operation)!;
  const sources = plan.fields.map(({ name }) => {
    const place = names.indexOf(name);
    if (place >= 0) return place;
    return Object.keys(query).find((key) => query[key] === name)!;
  });
  return { pattern: new RegExp(`^${pattern}$`), plan, sources };
}

/** Undefined for a path that is no read; a text when a part of it is not as it must be. */
export function readOf(path: string, query: string): HttpRead | string | undefined {
  for (const { pattern, plan, sources } of PATHS) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const asked = new URLSearchParams(query);
    const values: unknown[] = [];
    for (const [index, field] of plan.fields.entries()) {
      const source = sources[index]!;
      const text = typeof source === "number" ? match[source + 1]! : asked.get(source);
      const value = text === null ? null : valueOf(field, text);
      if (value === undefined) return field.complaint;
      values.push(value);
    }
    return commandFrom(plan, values) as HttpRead;
  }
  return undefined;
}

/** Undefined when the text is no value of the field. */
function valueOf({ name, kind, min, max, choices }: FieldPlan, text: string): unknown {
  switch (kind) {
    case KIND.id:
      return isId(text) ? text : undefined;
    case KIND.requestId:
      return parseRequestId(text);
    case KIND.integer: {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    }
    case KIND.choice:
      return choices.find((choice) => choice === text);
    case KIND.flag:
      return text === "true" ? true : text === "false" ? false : undefined;
    default:
      throw new AssertionError(`${name} has no form in a URL`);
  }
}
