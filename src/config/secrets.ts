// The secrets of a deployment: given by the environment, or, for the embedded default, generated
// once and kept in the data folder for its owner only. Losing the MAC key makes the journal
// unverifiable, so a kept key is never replaced. Secrets are never logged.

import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type Config } from "../config.ts";

export interface Secrets {
  /** 32 bytes: HMAC-SHA256 of journal, head and snapshots. */
  readonly macKey: Uint8Array;
  /** HS256 secret of tokens; null when a JWKS URL is configured. */
  readonly jwtSecret: string | null;
}

const MAC_KEY_FILE = "mac.key";
const JWT_SECRET_FILE = "jwt.secret";
const DOCUMENT_KEY_FILE = "document.key";
const KEPT_PATTERN = /^[0-9a-f]{64}$/;

/**
 * The secrets that `serve` uses, so that other commands on the same folder use the same ones.
 * Creates what is missing. Throws a ConfigError when a kept secret is damaged or open to others.
 */
export async function loadSecrets(config: Config): Promise<Secrets> {
  const { dataDir } = config.deployment;
  const { jwtSecret, jwksUrl } = config.auth;
  const macKey =
    config.deployment.macKey ?? bytesOf(await kept(dataDir, MAC_KEY_FILE, "LOANLOOM_MAC_KEY"));
  if (jwksUrl !== null) return { macKey, jwtSecret: null };
  return {
    macKey,
    jwtSecret: jwtSecret ?? (await kept(dataDir, JWT_SECRET_FILE, "LOANLOOM_JWT_SECRET")),
  };
}

/**
 * The keys of documents, the one for new ones first. Documents are in the data folder, so their key
 * may be kept beside them with any Redis; a kept one still opens what it sealed when another is given.
 * Throws a ConfigError like `loadSecrets`.
 */
export async function loadDocumentKeys(config: Config): Promise<readonly Uint8Array[]> {
  const { key } = config.documents;
  const keysOld = config.documents.keysOld ?? [];
  const { dataDir } = config.deployment;
  const variable = "LOANLOOM_DOCUMENT_KEY";
  if (key === null) return [bytesOf(await kept(dataDir, DOCUMENT_KEY_FILE, variable)), ...keysOld];
  const former = await readKept(join(dataDir, DOCUMENT_KEY_FILE), variable);
  return [key, ...keysOld, ...(former === null ? [] : [bytesOf(former)])];
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

async function kept(dataDir: string, name: string, variable: string): Promise<string> {
  const path = join(dataDir, name);
  const there = await readKept(path, variable);
  if (there !== null) return there;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // Written whole under another name and then linked: a second process that starts at the same
  // moment sees all of it or nothing, and only one of them wins.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
    await chmod(draft, 0o600);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const written = await readKept(path, variable);
  if (written === null) throw damaged(variable, path, "a file that stays where it is");
  return written;
}

async function readKept(path: string, variable: string): Promise<string | null> {
  let content: string;
  try {
    content = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  if (!KEPT_PATTERN.test(content)) {
    throw damaged(variable, path, "64 hexadecimal digits; restore the file from a backup");
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw damaged(variable, path, `a file that only its owner can read (chmod 600 ${path})`);
  }
  return content;
}

function damaged(variable: string, path: string, expected: string): ConfigError {
  return new ConfigError([{ variable, value: `(kept in ${path})`, expected }]);
}
