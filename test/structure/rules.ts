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
/** Whoever keeps files may be given a path on which no folder can be made. */
const MAKE_FOLDER = "src/journal/make-folder.ts";
/** Whatever measures may write into README. */
const README_SECTION = "load/report/readme-section.ts";
/** Whatever has a command line. */
const COUNT_OPTION = "load/report/count-option.ts";

export const ROOMS: Readonly<Record<string, Room>> = {
  money: { uses: [], node: [] },
  hash: { uses: [], node: [] },
  lending: { uses: ["money"], node: [] },
  ledger: { uses: ["money"], node: [] },
  actors: { uses: ["money", "hash", "lending", "ledger"], node: [] },
  protocol: { uses: ["money", ADDRESS], types: ["actors"], node: [] },
  client: { uses: ["protocol", "hash", ADDRESS], node: [] },
  ops: { uses: ["money"] },
  // What a URL of Redis says is read in one place.
  config: { uses: ["src/journal/redis-url.ts", MAKE_FOLDER] },
  journal: {
    uses: ["money"],
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
      "src/protocol/msgpack-writer.ts",
    ],
    types: ["protocol"],
  },
  gateway: {
    uses: ["protocol", "money", "lending", ADDRESS],
    types: ["runtime", "actors", "documents", "revocations"],
  },
  // The witness against the server shares with it how events are written, and nothing that judges.
  history: { uses: ["actors", "journal", "protocol"] },
  simulation: {
    uses: ["actors", "history", "journal", "ledger", "lending", "money", "runtime"],
  },
  custodian: { uses: ["money", ADDRESS, MAKE_FOLDER] },
  documents: { uses: ["money"] },
  // Main follows the file, the command line appends to it; the gateway asks what it is given.
  revocations: { uses: ["money", ADDRESS] },
  web: { uses: ["client", "protocol", "money"], node: [] },
  main: {
    uses: [
      "actors",
      "config",
      "custodian",
      "documents",
      "gateway",
      "history",
      "journal",
      "ledger",
      "money",
      "ops",
      "protocol",
      "revocations",
      "runtime",
    ],
  },
  cli: {
    uses: [
      "main",
      "actors",
      "client",
      "config",
      "custodian",
      "history",
      "journal",
      "ledger",
      "lending",
      "money",
      "ops",
      "protocol",
      "revocations",
      "simulation",
      "src/runtime/replay-comparison.ts",
      "src/runtime/shard-of.ts",
      "src/gateway/signing.ts",
    ],
  },
  // Benchmarks are clients: they reach the server over its socket and never from inside.
  load: {
    uses: ["load/driver", "load/scenarios", "load/run", "load/report", "src/cli/closed-pipe.ts"],
  },
  "load/driver": { uses: ["protocol", "money", ADDRESS] },
  "load/machine": { uses: ["money", "load/driver"] },
  "load/scenarios": { uses: ["money", "src/simulation/random.ts"], node: [] },
  // After the run, it reads journals as `loanloom verify` does.
  "load/audit": {
    uses: [
      "protocol",
      "money",
      "history",
      ADDRESS,
      "src/cli/journal-access.ts",
      "src/runtime/shard-of.ts",
      "load/driver",
      "load/scenarios",
    ],
  },
  "load/report": {
    uses: ["money", "load/driver", "load/machine", "load/run", "load/scenarios"],
    types: ["history"],
  },
  "load/run": {
    uses: [
      "protocol",
      "money",
      ADDRESS,
      "src/simulation/random.ts",
      "load/driver",
      "load/machine",
      "load/scenarios",
      "load/audit",
    ],
    types: ["history", "load/report"],
  },
  "load/bench": {
    uses: [
      "protocol",
      "money",
      ADDRESS,
      "load/driver",
      "load/machine",
      README_SECTION,
      COUNT_OPTION,
    ],
  },
  "load/core": {
    uses: [
      "actors",
      "journal",
      "money",
      "protocol",
      "runtime",
      "src/simulation/random.ts",
      "src/client/request-id.ts",
      "load/fanout/planned-loans.ts",
      COUNT_OPTION,
    ],
  },
  "load/fanout": {
    uses: ["protocol", "load/driver", "load/machine", "load/bench", README_SECTION, COUNT_OPTION],
  },
  "load/peers": { uses: ["protocol", "load/driver", "load/machine", "load/bench"] },
  "load/growth": {
    uses: ["load/driver", "load/machine", "load/bench", README_SECTION, COUNT_OPTION],
  },
  "load/compare": {
    uses: [
      "load/driver",
      "load/machine",
      "load/bench",
      "load/fanout",
      "load/peers",
      README_SECTION,
      COUNT_OPTION,
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
    "load",
    "load/bench",
    "load/core",
    "load/report",
    "load/fanout",
    "load/compare",
    "load/growth",
  ],
  "decimal.js": ["money", "lending"],
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

function complaintAbout(each: Import, path: string, room: string, rules: Room): string | null {
  const { specifier, typeOnly } = each;
  if (specifier.startsWith("node:")) {
    const allowed =
      rules.node === undefined || rules.node.includes(specifier) || SCRIPTS.includes(path);
    return allowed ? null : `${room} may not import ${specifier}`;
  }
  if (!specifier.startsWith(".")) {
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
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
    if (/^export \* /.test(line)) {
      violations.push(`${path}:${index + 1}: no barrels`);
    }
  });
  return violations;
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
