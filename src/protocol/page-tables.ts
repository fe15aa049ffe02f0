// What the sections of the page for users have in common: who may ask, and what fields there are.

import { wordsOf } from "./plans.ts";
import type { Field, Operation } from "./table.ts";

const AUDIENCES: Readonly<Record<Operation["subject"], string>> = {
  anybody: "Open to anybody, even before a token was presented.",
  account: "For the client's own account; the staff may name any.",
  self: "For clients, about their own account.",
  market: "For everybody with a token.",
  application: "For the borrower's own application; to other clients it does not exist.",
  upload: "Said by the door that stores documents; forbidden in a frame.",
  review: "For reviewers.",
  operations: "For operators.",
};

export function audience(row: Operation): string {
  return `${AUDIENCES[row.subject]} Roles: ${row.roles.join(", ")}.`;
}

export function fieldTable(title: string, fields: readonly Field[]): string {
  if (fields.length === 0) return `${title}: no fields.`;
  const rows = fields.flatMap((field) => [
    fieldRow(field, field.name),
    ...(field.columns ?? []).map((column) => fieldRow(column, `${field.name}[].${column.name}`)),
  ]);
  return [`| ${title} | is | meaning |`, "| --- | --- | --- |", ...rows].join("\n");
}

function fieldRow(field: Field, name: string): string {
  const left = field.optional ? "; may be left out" : "";
  const words = field.choices === undefined ? wordsOf(field) : choiceWords(field.choices);
  return `| \`${name}\` | ${words}${left} | ${field.about} |`;
}

function choiceWords(choices: readonly string[]): string {
  return `one of ${choices.map((choice, index) => `\`${choice}\` (${index})`).join(", ")}`;
}
