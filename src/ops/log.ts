// The log: JSON lines on standard output, or wherever it is told. It never holds a token, a key or
// a password: known fields are censored, and whatever looks like a token, wherever it is.

import { pino, type DestinationStream } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** What rooms may use. Facts first, then a sentence; facts are names and numbers, not prose. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  fatal(facts: object, message: string): void;
  /** The same log, with these facts in each line. */
  child(facts: object): Log;
}

const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "jwtSecret",
  "macKey",
  "password",
  "secret",
  "token",
  '["sec-websocket-protocol"]',
];
const CENSORED = "[censored]";
/** A compact JWT: three parts of Base64url, the first two of which are JSON objects. */
const TOKEN_PATTERN = /eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*/g;
/** A password in a URL, as in REDIS_URL. */
const URL_PASSWORD_PATTERN = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s/"]*(?=@)/gi;

export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFacts, error: errorFacts },
      redact: { paths: SECRET_FIELDS.flatMap(atThreeDepths), censor: CENSORED },
      hooks: { streamWrite: withoutSecrets },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/**
 * Where a bug was thrown tells what is wrong; where an operating fault was, does not. Ours have
 * codes in snake case; those of Node and of the system are in capitals.
 */
function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { stack, ...facts } = pino.stdSerializers.err(error);
  const code: unknown = "code" in error ? error.code : null;
  return typeof code === "string" && /^[a-z_]+$/.test(code) ? facts : { ...facts, stack };
}

function atThreeDepths(field: string): readonly string[] {
  const behind = field.startsWith("[") ? field : `.${field}`;
  return [field, `*${behind}`, `*.*${behind}`];
}

/** The last line of defence: a secret in a sentence, in an error or in a field of another name. */
export function withoutSecrets(line: string): string {
  return line.replace(TOKEN_PATTERN, CENSORED).replace(URL_PASSWORD_PATTERN, `$1${CENSORED}`);
}
