// The part of the page for users that is about HTTP, made from the table of paths: what each is
// for, who may, what it takes and answers, an example. A pure function.

import { formatRequestId, type RequestId } from "../../actors/address.ts";
import type { ErrorCode } from "./errors.ts";
import { EXAMPLE_POSITION, exampleOf } from "./examples.ts";
import { HTTP_DOORS } from "./http-doors.ts";
import { HTTP_READS, pathWith, type HttpDoor, type HttpReadRow } from "./http-paths.ts";
import { httpStatusOf } from "./http-status.ts";
import { audience } from "./page-tables.ts";
import { OPERATION_PLANS, wordsOf } from "./plans.ts";
import { OPERATIONS, type Field, type Operation } from "./table.ts";
import { fieldsText } from "./write-fields.ts";

const INTRODUCTION = `On the port of the WebSocket. The reads below are operations of the same name: whoever may ask them in a
frame may ask them here, within the same allowance, and the answer is the reply of the operation as JSON.

- The token is in the header \`Authorization: Bearer <jwt>\`, never in the URL.
- 200 has an object with \`position\` and the fields of the reply. A refusal has \`error\` (a code), \`detail\`
  (text for people, or null) and \`retryAfterMs\` (or null, else also as \`Retry-After\` in seconds), with the
  status that the table of [errors](#errors) gives.
- A request with a token may be refused with \`unauthenticated\`, \`forbidden\`, \`origin_not_allowed\`,
  \`not_found\`, \`invalid_field\`, \`rate_limited\`, \`server_busy\`, \`unavailable\`, \`server_shutdown\`,
  \`actor_quarantined\` or \`internal_error\`; what else is named with each path.
- HEAD answers like GET, without a body, but for documents. Other methods get 405, and 404 at the bank's
  path. Parameters that no path knows are passed over.`;

export function httpSection(): string {
  const doors: readonly HttpDoor[] = Object.values(HTTP_DOORS);
  return [
    INTRODUCTION,
    overview(doors),
    ...HTTP_READS.map(readSection),
    ...doors.map(doorSection),
  ].join("\n\n");
}

function overview(doors: readonly HttpDoor[]): string {
  const reads = HTTP_READS.map(
    ({ path, query, operation }) =>
      `| GET | \`${path}${queryWords(query)}\` | \`${operation}\` | ${rolesOf(operation)} |`,
  );
  const others = doors.map(
    ({ method, path, about, who }) =>
      `| ${method} | \`${path}\` | ${sentenceOf(about)} | ${sentenceOf(who)} |`,
  );
  const head = ["| method | path | what | who |", "| --- | --- | --- | --- |"];
  return [...head, ...reads, ...others].join("\n");
}

function queryWords(query: HttpReadRow["query"]): string {
  const names = Object.keys(query);
  return names.length === 0 ? "" : `?${names.map((name) => `${name}=`).join("&")}`;
}

function rolesOf(operation: HttpReadRow["operation"]): string {
  return OPERATIONS[operation].roles.join(", ");
}

/** The first one, without its full stop. */
function sentenceOf(text: string): string {
  return text.replace(/[.;:](\s.*)?$/s, "");
}

function readSection({ path, operation, query, errors }: HttpReadRow): string {
  const row: Operation = OPERATIONS[operation];
  const view = exampleOf(row.fields);
  const asked = Object.entries(query).map(([name, field]) => `${name}=${String(view[field])}`);
  const target = pathWith(path, { ...view, ...uuidIn(view) });
  const reply = fieldsText(OPERATION_PLANS.get(operation)!.reply, exampleOf(row.reply));
  const position = operation === "market.loans" ? "" : EXAMPLE_POSITION;
  return [
    `### GET ${path}`,
    `Answers [${operation}](#${operation.replace(".", "")}): ${lowered(row.about)} ${audience(row)}`,
    parameterTable(inPathOrder(path, row.fields).map((field) => fieldParameter(field, query))),
    errorLine(errors),
    exampleBlock([
      `GET ${target}${asked.length === 0 ? "" : `?${asked.join("&")}`}`,
      "Authorization: Bearer <jwt>",
      "",
      "200 OK",
      "",
      `{"position":"${position}"${reply}}`,
    ]),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function uuidIn({ requestId }: Readonly<Record<string, unknown>>): object {
  return requestId === undefined ? {} : { requestId: formatRequestId(requestId as RequestId) };
}

function lowered(about: string): string {
  return about.charAt(0).toLowerCase() + about.slice(1);
}

/** What stands in the query comes last. */
function inPathOrder(path: string, fields: readonly Field[]): readonly Field[] {
  const place = ({ name }: Field): number => `${path}/:${name}/`.indexOf(`/:${name}/`);
  return [...fields].sort((a, b) => place(a) - place(b));
}

function fieldParameter(field: Field, query: HttpReadRow["query"]): string {
  const inQuery = Object.entries(query).find(([, name]) => name === field.name)?.[0];
  const name = inQuery ?? field.name;
  const where = inQuery === undefined ? "path" : "query";
  const left = inQuery === undefined ? "" : "; may be left out";
  const about = inQuery === undefined ? field.about.replace(/; left out:.*$/, "") : field.about;
  return parameterRow(name, where, wordsOf(field) + left, about);
}

function doorSection(door: HttpDoor): string {
  const { method, path, about, who, parameters, answers, errors, example } = door;
  return [
    `### ${method} ${path}`,
    `${about} For: ${lowered(who)}`,
    parameterTable(parameters.map((each) => parameterRow(each.name, each.in, each.is, each.about))),
    [
      "| answer | when, and with what |",
      "| --- | --- |",
      ...answers.map(([status, what]) => `| ${status} | ${what} |`),
    ].join("\n"),
    errorLine(errors),
    exampleBlock(example),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function parameterTable(rows: readonly string[]): string {
  if (rows.length === 0) return "";
  return ["| parameter | in | is | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function parameterRow(name: string, where: string, is: string, about: string): string {
  return `| \`${name}\` | ${where} | ${is} | ${about} |`;
}

function errorLine(errors: readonly ErrorCode[]): string {
  if (errors.length === 0) return "";
  const words = errors.map((code) => `\`${code}\` (${httpStatusOf(code).slice(0, 3)})`);
  return `Errors of its own: ${words.join(", ")}.`;
}

function exampleBlock(lines: readonly string[]): string {
  return ["```text", ...lines, "```"].join("\n");
}
