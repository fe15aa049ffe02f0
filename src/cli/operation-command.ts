// Turns an operation of the table of messages into a command: its fields become arguments and
// options, so that the command line can never ask for something else than the protocol has.

import { Argument, Command, Option } from "commander";
import { OPERATIONS, type Field, type OperationName, type Role } from "../protocol/table.ts";
import type { LoanloomClient, RequestFields } from "../client/client.ts";
import { show, withRemoteOptions, withServer, type RemoteOptions } from "./remote.ts";
import { businessDay, id, instant, wholeNumber } from "./values.ts";

export interface OperationSpec {
  readonly name: string;
  readonly operation: OperationName;
  /** Fields that are given by position; all others are options. */
  readonly positional: readonly string[];
  /**
   * For fields that the protocol wants and people would rather leave out, as they would type it.
   */
  readonly defaults?: Readonly<Record<string, string>>;
  /** Looks before it is asked; rejects when it is not to be. */
  readonly before?: (
    client: LoanloomClient,
    request: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
}

export function operationCommand(spec: OperationSpec): Command {
  const { about, roles } = OPERATIONS[spec.operation];
  const fields: readonly Field[] = OPERATIONS[spec.operation].fields;
  const command = withRemoteOptions(new Command(spec.name).description(about));
  for (const name of spec.positional) {
    const field = fields.find((each) => each.name === name)!;
    command.addArgument(argumentOf(field));
  }
  for (const field of fields) {
    if (!spec.positional.includes(field.name)) command.addOption(optionOf(field, spec));
  }
  return command.action(async (...given: unknown[]) => {
    const options = given.at(-2) as RemoteOptions & Readonly<Record<string, unknown>>;
    const request: Record<string, unknown> = {};
    for (const { name } of fields) {
      const at = spec.positional.indexOf(name);
      const value = at < 0 ? options[name] : given[at];
      if (value !== undefined) request[name] = value;
    }
    await withServer(options, roles as readonly Role[], async (client) => {
      await spec.before?.(client, request, options);
      const reply = await client.request(
        spec.operation,
        request as RequestFields<typeof spec.operation>,
      );
      show(reply, options.json);
    });
  });
}

function argumentOf(field: Field): Argument {
  const shown = field.optional === true ? `[${field.name}]` : `<${field.name}>`;
  const argument = new Argument(shown, field.about);
  return field.choices === undefined
    ? argument.argParser(parserOf(field))
    : argument.choices(field.choices);
}

function optionOf(field: Field, { defaults = {} }: OperationSpec): Option {
  const flags = `--${kebab(field.name)}`;
  if (field.type === "flag") {
    const flag = new Option(flags, field.about);
    return field.optional === true ? flag : flag.default(false);
  }
  const option = new Option(`${flags} <value>`, field.about);
  if (field.choices !== undefined) option.choices(field.choices);
  else option.argParser(parserOf(field));
  const fallback = defaults[field.name];
  if (fallback !== undefined) return option.default(parserOf(field)(fallback), fallback);
  // The SDK makes a request id where none is given.
  return field.optional === true || field.type === "requestId"
    ? option
    : option.makeOptionMandatory();
}

function parserOf(field: Field): (text: string) => unknown {
  switch (field.type) {
    case "amountCents":
    case "cents":
    case "count":
      return wholeNumber;
    case "timeMs":
      return (text) => instant(text);
    case "day":
      return businessDay;
    case "accountId":
    case "loanId":
      return id;
    default:
      return (text) => text;
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
