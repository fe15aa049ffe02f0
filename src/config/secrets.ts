// The secrets of a deployment: given by the environment, or, for the embedded default, generated
// once and kept in the data folder for its owner only. Losing the MAC key makes the journal
// unverifiable, so a kept key is never replaced: one that is missing where there is something that
// was written with it is asked back. Only `serve` generates any. Secrets are never logged.

import { randomBytes } from "node:crypto";
import { chmod, link, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type Config } from "../config.ts";
import { anchorFolderOf, fileFault, makeDataFolder } from "./folders.ts";

export interface Secrets {
  /** 32 bytes: HMAC-SHA256 of journal, head and snapshots. */
  readonly macKey: Uint8Array;
  /** HS256 secret of tokens; null when a JWKS URL is configured. */
  readonly jwtSecret: string | null;
}

interface KeptSecret {
  readonly file: string;
  readonly variable: string;
}

const MAC_KEY: KeptSecret = { file: "mac.key", variable: "LOANLOOM_MAC_KEY" };
const JWT_SECRET: KeptSecret = { file: "jwt.secret", variable: "LOANLOOM_JWT_SECRET" };
const DOCUMENT_KEY: KeptSecret = { file: "document.key", variable: "LOANLOOM_DOCUMENT_KEY" };
const KEPT_PATTERN = /^[0-9a-f]{64}$/;

/**
 * The secrets that `serve` uses. Creates what is missing in a new deployment. Throws a ConfigError
 * when a kept secret is damaged, open to others, or missing beside what was written with it.
 */
export async function loadSecrets(config: Config): Promise<Secrets> {
  const { jwtSecret, jwksUrl } = config.auth;
  const macKey = config.deployment.macKey ?? bytesOf(await kept(config, MAC_KEY));
  if (jwksUrl !== null) return { macKey, jwtSecret: null };
  return { macKey, jwtSecret: jwtSecret ?? (await kept(config, JWT_SECRET)) };
}

/**
 * The MAC key, and the secret of tokens, for commands beside a server: the same ones as its,
 * and nothing is ever created. A secret is null when a JWKS URL is configured. Throws a
 * ConfigError, also when there is none.
 */
export async function readMacKey({ deployment }: Config): Promise<Uint8Array> {
  return deployment.macKey ?? bytesOf(await existing(deployment.dataDir, MAC_KEY));
}

export async function readJwtSecret({ auth, deployment, redis }: Config): Promise<string | null> {
  if (auth.jwksUrl !== null || auth.jwtSecret !== null) return auth.jwtSecret;
  if (redis.url === null) return existing(deployment.dataDir, JWT_SECRET);
  const expected = "the secret of the server, because REDIS_URL is set; or give a --token";
  throw new ConfigError([{ variable: JWT_SECRET.variable, value: null, expected }]);
}

/**
 * The keys of documents, the one for new ones first. Documents are in the data folder, so their key
 * may be kept beside them with any Redis; a kept one still opens what it sealed when another is
 * given. Throws a ConfigError like `loadSecrets`.
 */
export async function loadDocumentKeys(config: Config): Promise<readonly Uint8Array[]> {
  const { key } = config.documents;
  const keysOld = config.documents.keysOld ?? [];
  if (key === null) return [bytesOf(await kept(config, DOCUMENT_KEY)), ...keysOld];
  const path = join(config.deployment.dataDir, DOCUMENT_KEY.file);
  const former = await readKept(path, DOCUMENT_KEY.variable);
  return [key, ...keysOld, ...(former === null ? [] : [bytesOf(former)])];
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

async function existing(dataDir: string, { file, variable }: KeptSecret): Promise<string> {
  const path = join(dataDir, file);
  const there = await readKept(path, variable);
  if (there !== null) return there;
  throw missing(variable, `${path}, which the first start of the server makes`);
}

async function kept(config: Config, secret: KeptSecret): Promise<string> {
  const { file, variable } = secret;
  const path = join(config.deployment.dataDir, file);
  const before = await readKept(path, variable);
  if (before !== null) return before;
  const use = await inUse(config, secret);
  // Whoever starts at the same moment has made it before anything that needs it.
  const there = await readKept(path, variable);
  if (there !== null) return there;
  if (use !== null) {
    throw missing(
      variable,
      `${path}, but ${file} is missing, restore it: ${use} was written with it`,
    );
  }
  await makeDataFolder(config);
  // Written whole under another name and then linked: a second process that starts at the same
  // moment sees all of it or nothing, and only one of them wins.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flush: true });
    await chmod(draft, 0o600);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw fileFault(error, variable, "a file that can be written");
    }
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  const written = await readKept(path, variable);
  if (written === null) throw damaged(variable, path, "a file that stays where it is");
  return written;
}

/**
 * The folder with anything in it that only the secrets of its time can
 * read; null in a new deployment.
 */
async function inUse(config: Config, secret: KeptSecret): Promise<string | null> {
  const { dataDir } = config.deployment;
  const folders = [join(dataDir, "redis"), join(dataDir, "documents")];
  // Servers may share the folder of anchors, and each have its documents for itself.
  if (secret !== DOCUMENT_KEY) folders.push(anchorFolderOf(config.deployment));
  for (const folder of folders) {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Where no folder is there is nothing in it; anchors that cannot be written stop nobody.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
      throw fileFault(error, secret.variable, `${folder} to be readable`);
    });
    if (names.length > 0) return folder;
  }
  return null;
}

async function readKept(path: string, variable: string): Promise<string | null> {
  let content: string;
  try {
    content = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw fileFault(error, variable, "a file that this user can read");
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

function missing(variable: string, expected: string): ConfigError {
  return new ConfigError([{ variable, value: null, expected }]);
}
