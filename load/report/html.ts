// Text as HTML: everything that comes from outside goes through here.

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** JSON that may stand in a script element: nothing in it can end the element. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Cells are text, the first row is the head. */
export function htmlTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  return (
    `<div class="scroll"><table><thead>${cells("th", head)}</thead>` +
    `<tbody>${body.map((row) => cells("td", row)).join("")}</tbody></table></div>`
  );
}

/** Names and values, one a line. */
export function factTable(facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(([name, value]) => {
    return `<tr><td>${escaped(name)}</td><td>${escaped(value)}</td></tr>`;
  });
  return `<table class="facts"><tbody>${rows.join("")}</tbody></table>`;
}

export function htmlList(items: readonly string[]): string {
  return `<ul class="plain">${items.map((item) => `<li>${escaped(item)}</li>`).join("")}</ul>`;
}
