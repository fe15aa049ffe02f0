// Which room may import what, as data, and the checker that applies it to one source file. The
// checker knows no disk: it is tested on samples, and by structure.test.ts on the whole tree.

import { dirname, join } from "node:path/posix";
import { importsOf, type Import } from "./imports.ts";

export interface SourceFile {
  /** From the top of the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Room {
  /** Rooms, or single files, that may be imported. */
  readonly uses: readonly string[];
  /** The same, but only for their types. */
  readonly types?: readonly string[];
  /** Node's own modules; left out: all. A browser has none of them. */
  readonly node?: readonly string[];
}

const ADDRESS = "actors/address.ts";

export const ROOMS: Readonly<Record<string, Room>> = {
  money: { uses: [], node: [] },
  time: { uses: [], node: [] },
  hash: { uses: [], node: [] },
  lending: { uses: ["money", "time"], node: [] },
  ledger: { uses: ["money"], node: [] },
  actors: { uses: ["money", "hash", "lending"], types: ["ledger"], node: [] },
  protocol: { uses: ["money", "time", ADDRESS], types: ["actors"], node: [] },
  client: { uses: ["protocol", "hash", ADDRESS], node: [] },
  ops: { uses: ["money"] },
  command: { uses: [] },
  disk: { uses: [] },
  chance: { uses: [], node: [] },
  // What a URL of Redis says is read in one place.
  config: { uses: ["disk", "time", "src/journal/redis-url.ts"] },
  journal: {
    uses: ["disk", "money"],
    types: ["actors/field-table.ts", "src/protocol/msgpack-writer.ts"],
  },
  runtime: {
    uses: [
      "actors",
      "hash",
      "journal",
      "ledger",
      "lending",
      "money",
      "time",
      "src/protocol/msgpack-writer.ts",
    ],
    types: ["protocol"],
  },
  gateway: {
    uses: ["protocol", "money", "lending", ADDRESS],
    types: ["runtime", "actors", "documents", "revocations"],
  },
  // The witness against the server shares with it how events are written, and nothing that judges.
  history: { uses: ["actors", "config", "journal", "protocol", "time"] },
  simulation: {
    uses: [
      "actors",
      "chance",
      "history",
      "journal",
      "ledger",
      "lending",
      "money",
      "runtime",
      "time",
    ],
  },
  custodian: { uses: ["disk", "money", "time", ADDRESS] },
  documents: { uses: ["disk", "money"] },
  // Main follows the file, the command line appends to it; the gateway asks what it is given.
  revocations: { uses: ["disk", "money", ADDRESS] },
  main: {
    uses: [
      "actors",
      "config",
      "custodian",
      "documents",
      "gateway",
      "journal",
      "ops",
      "revocations",
      "runtime",
      "time",
    ],
  },
  cli: {
    uses: [
      "main",
      "actors",
      "chance",
      "client",
      "command",
      "config",
      "custodian",
      "history",
      "journal",
      "lending",
      "money",
      "ops",
      "protocol",
      "revocations",
      "simulation",
      "src/runtime/replay-comparison.ts",
      "time",
      "src/runtime/shard-of.ts",
      "src/gateway/signing.ts",
    ],
    types: ["ledger"],
  },
  // Benchmarks are clients: they reach the server over its socket and never from inside.
  load: {
    uses: [
      "command",
      "time",
      "load/command",
      "load/driver",
      "load/scenarios",
      "load/run",
      "load/report",
    ],
  },
  "load/command": { uses: ["command"] },
  "load/driver": { uses: ["protocol", "money", "time", ADDRESS] },
  "load/machine": { uses: ["command", "money", "load/driver"] },
  "load/scenarios": { uses: ["chance", "money"], node: [] },
  // After the run, it reads journals as `loanloom verify` does.
  "load/audit": {
    uses: [
      "protocol",
      "money",
      "history",
      "src/runtime/shard-of.ts",
      "load/driver",
      "load/scenarios",
    ],
    types: [ADDRESS],
  },
  "load/report": {
    uses: ["load/command", "load/driver", "load/machine", "load/run"],
    types: ["history", "load/scenarios"],
  },
  "load/run": {
    uses: [
      "command",
      "protocol",
      ADDRESS,
      "chance",
      "load/driver",
      "load/machine",
      "load/scenarios",
      "load/audit",
    ],
    types: ["history", "load/report"],
  },
  "load/bench": {
    uses: [
      "command",
      "time",
      "protocol",
      "money",
      ADDRESS,
      "load/command",
      "load/driver",
      "load/machine",
    ],
  },
  "load/core": {
    uses: [
      "actors",
      "command",
      "journal",
      "money",
      "protocol",
      "runtime",
      "time",
      "chance",
      "src/client/request-id.ts",
      "load/command",
      "load/fanout/planned-loans.ts",
    ],
  },
  "load/fanout": {
    uses: ["command", "protocol", "load/command", "load/driver", "load/machine", "load/bench"],
  },
  "load/peers": {
    uses: ["command", "protocol", "load/command", "load/driver", "load/machine"],
    types: ["load/bench"],
  },
  "load/growth": {
    uses: ["command", "time", "load/command", "load/driver", "load/machine", "load/bench"],
  },
  "load/compare": {
    uses: [
      "command",
      "load/command",
      "load/driver",
      "load/machine",
      "load/bench",
      "load/fanout",
      "load/peers",
    ],
  },
};

/** Where each package may be imported: one room, or the single file behind the colon. */
export const VENDORS: Readonly<Record<string, readonly string[]>> = {
  "@restatedev/restate-sdk": ["load/peers"],
  "cli-progress": ["cli", "load/run"],
  cockatiel: ["custodian"],
  commander: [
    "cli",
    "command",
    "load",
    "load/bench",
    "load/command",
    "load/core",
    "load/fanout",
    "load/compare",
    "load/growth",
  ],
  "decimal.js": ["lending"],
  "hdr-histogram-js": ["load/driver", "cli"],
  ioredis: ["journal"],
  jose: ["gateway"],
  msgpackr: ["journal", "runtime"],
  nact: ["runtime"],
  pino: ["ops"],
  postgres: ["load/peers"],
  "prom-client": ["ops"],
  "uWebSockets.js": ["gateway", "load/bench/echo-server.ts", "load/peers/gateway.ts"],
  ws: ["client"],
  zod: ["config"],
};

/** Rooms that only developers run: what they import beyond the others is a devDependency. */
export const DEVELOPERS_ROOMS: readonly string[] = ["load/peers"];

/** Run by developers and imported by nobody: no browser ever meets them. */
const SCRIPTS: readonly string[] = ["src/protocol/write-docs.ts"];

const LINES_MAX = 350;
/** One table each: cut in two it would only be harder to find something in it. */
const TABLES: readonly string[] = ["src/protocol/table.ts", "src/ops/metrics-table.ts"];

/** "money" for src/money/cents.ts, "main" for src/main.ts, "actors", "load", "load/driver". */
export function roomOf(path: string): string {
  const [top = "", second = "", ...rest] = path.split("/");
  if (top === "load" && rest.length > 0) return `load/${second}`;
  if (top !== "src") return top;
  return rest.length === 0 ? second.replace(/\.ts$/, "") : second;
}

/** What is wrong with one file, each as `path:line: what`. */
export function violationsOf(file: SourceFile): readonly string[] {
  return [
    ...importViolations(file),
    ...nameViolations(file),
    ...textViolations(file),
    ...(roomOf(file.path) === "actors" ? impurities(file) : []),
  ];
}

function importViolations({ path, text }: SourceFile): string[] {
  const room = roomOf(path);
  const rules = ROOMS[room];
  if (rules === undefined) return [`${path}:1: there is no room ${room}`];
  return importsOf(path, text).flatMap((each) => {
    const complaint = complaintAbout(each, path, room, rules);
    return complaint === null ? [] : [`${path}:${each.line}: ${complaint}`];
  });
}

/** The package that an import names; null for files of ours and modules of Node. */
export function vendorOf(specifier: string): string | null {
  if (specifier.startsWith("node:") || specifier.startsWith(".")) return null;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function complaintAbout(each: Import, path: string, room: string, rules: Room): string | null {
  const { specifier, typeOnly } = each;
  if (specifier.startsWith("node:")) {
    const allowed =
      rules.node === undefined || rules.node.includes(specifier) || SCRIPTS.includes(path);
    return allowed ? null : `${room} may not import ${specifier}`;
  }
  const name = vendorOf(specifier);
  if (name !== null) {
    const places = VENDORS[name];
    if (places === undefined) return `${name} has no room`;
    const allowed = places.includes(room) || places.includes(path);
    return allowed ? null : `${name} may be imported in ${places.join(" and ")} only`;
  }
  const target = join(dirname(path), specifier);
  if (SCRIPTS.includes(target)) return `${target} is a script: run it, do not import it`;
  if (!target.endsWith(".ts")) return `${specifier} must end in .ts`;
  const targetRoom = roomOf(target);
  if (targetRoom === room) return null;
  const within = (places: readonly string[] = []): boolean =>
    places.includes(targetRoom) || places.includes(target);
  if (within(rules.uses) || (typeOnly && within(rules.types))) return null;
  return within(rules.types)
    ? `${room} may import only types of ${target}`
    : `${room} may not import ${target}`;
}

function nameViolations({ path }: SourceFile): string[] {
  const name = path.split("/").at(-1)!;
  const violations: string[] = [];
  if (/^index\./.test(name)) violations.push(`${path}:1: no index files: say what is in it`);
  if (/(^|[/-])(utils?|helpers?|common|misc)([/.-]|$)/.test(path)) {
    violations.push(`${path}:1: no ${name}: say what is in it`);
  }
  if (!/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name)) {
    violations.push(`${path}:1: file names are in kebab case`);
  }
  return violations;
}

function textViolations({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split("\n");
  const violations: string[] = [];
  if (lines.length > LINES_MAX && !TABLES.includes(path)) {
    violations.push(`${path}:${LINES_MAX}: ${lines.length} lines are too many for one concept`);
  }
  if (!/^(#![^\n]*\n)?\/\/ \S/.test(text)) {
    violations.push(`${path}:1: opens with a comment on what it is for`);
  }
  lines.forEach((line, index) => {
    if (/\b(TODO|FIXME|XXX|HACK)\b/.test(line)) {
      violations.push(`${path}:${index + 1}: unfinished work is an issue, not a comment`);
    }
    if (isWideComment(line)) {
      violations.push(`${path}:${index + 1}: comments end at column ${COMMENT_COLUMNS_MAX}`);
    }
    if (/^export \* /.test(line)) {
      violations.push(`${path}:${index + 1}: no barrels`);
    }
  });
  return violations;
}

const COMMENT_COLUMNS_MAX = 100;

/** Prettier wraps code and leaves comments as they are. */
export function isWideComment(line: string): boolean {
  return line.length > COMMENT_COLUMNS_MAX && /^\s*(\/\/|\/\*|\*\s)/.test(line);
}

const IMPURE = [
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bprocess\b/,
  /\bperformance\b/,
  /\bcrypto\./,
  /\bconsole\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bPromise\b/,
  /\basync\b/,
  /\bawait\b/,
];

/** Actors have no clock, no randomness, no promise and no log: a replay must do the same again. */
function impurities({ path, text }: SourceFile): string[] {
  const code = withoutComments(text).split("\n");
  return code.flatMap((line, index) => {
    const found = IMPURE.find((pattern) => pattern.test(line));
    return found === undefined
      ? []
      : [`${path}:${index + 1}: actors are pure: ${found.exec(line)![0]}`];
  });
}

/** Blanks comments out and keeps the lines, so that numbers of lines stay right. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/[^\n]*/g, "$1");
}
