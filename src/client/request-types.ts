// The types of requests as a user of the SDK writes and reads them, made from the table: ids are
// plain strings, request ids are UUIDs in text, what may be left out may be left out.

import type { AccountId, LoanId, RequestId } from "../../actors/address.ts";
import type { ObjectOf, OPERATIONS, OperationName, PushOf, ReplyOf } from "../protocol/table.ts";

type Plain<Value> = Value extends AccountId | LoanId | RequestId
  ? string
  : Value extends readonly LoanId[]
    ? readonly string[]
    : Value extends readonly (infer Row extends object)[]
      ? readonly PlainFields<Row>[]
      : Value;

export type PlainFields<Fields> = { readonly [Name in keyof Fields]: Plain<Fields[Name]> };

type FieldsOf<Name extends OperationName> = ObjectOf<(typeof OPERATIONS)[Name]["fields"]>;

export type MutatingName = {
  [Name in OperationName]: (typeof OPERATIONS)[Name]["mutates"] extends true ? Name : never;
}[OperationName];

/** What may be left out: optional fields, and the request id where the SDK makes one. */
type Omissible<Name extends OperationName> = {
  [Field in keyof FieldsOf<Name>]: null extends FieldsOf<Name>[Field]
    ? Field
    : Field extends "requestId"
      ? Name extends MutatingName
        ? Field
        : never
      : never;
}[keyof FieldsOf<Name>];

export type RequestFields<Name extends OperationName> = Omit<
  PlainFields<FieldsOf<Name>>,
  Omissible<Name>
> & {
  readonly [Field in Omissible<Name>]?: Plain<FieldsOf<Name>[Field]> | undefined;
};

/** The fields of a reply, and up to where in the journal what it says is durable. */
export type Reply<Name extends OperationName> = PlainFields<ReplyOf<Name>> & {
  readonly position: string;
};

export type AccountView = PlainFields<ReplyOf<"account.get">>;
export type LoanView = PlainFields<ReplyOf<"loan.get">>;
export type AccountEntry = PlainFields<PushOf<"account.entry">>;
export type Outcome = PlainFields<ReplyOf<"request.outcome">>;
