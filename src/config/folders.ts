// Where a deployment keeps what has no setting of its own, or none that was given; and what the
// system refuses there, or of the port, as the setting that somebody must change.

import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, type Config } from "../config.ts";
import { makeFolder } from "../disk/make-folder.ts";
import { SETTINGS } from "./settings.ts";

export function anchorFolderOf({
  anchorFolder,
  dataDir,
}: Pick<Config["deployment"], "anchorFolder" | "dataDir">): string {
  return anchorFolder ?? join(dataDir, "anchors");
}

export function revocationsFileOf({
  auth,
  deployment,
}: Pick<Config, "auth" | "deployment">): string {
  return auth.revocationsFile ?? join(deployment.dataDir, "revocations.jsonl");
}

/**
 * Makes the data folder, for its owner only, when it is missing. Throws a ConfigError when it
 * cannot be made, is none, or is not this user's to write to.
 */
export async function makeDataFolder({ deployment }: Config): Promise<void> {
  const { dataDir } = deployment;
  try {
    await makeFolder(dataDir, 0o700);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileFault(error, SETTINGS.deployment.dataDir.variable, "a folder to write to");
  }
}

/**
 * What the system says about a file or folder when nobody but a person can do anything about it.
 */
const FAULTS: ReadonlySet<string | undefined> = new Set([
  "EACCES",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/** As a ConfigError that names the setting; what is none of these faults stays as it is. */
export function fileFault(error: unknown, variable: string, expected: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || !FAULTS.has(code)) return error;
  return new ConfigError([{ variable, value: `(${message})`, expected }]);
}

/** The door cannot open: which of the two settings is to be changed, and what the system says. */
export function cannotListen(
  { host, port }: { readonly host: string; readonly port: number },
  { what, detail }: { readonly what: "host" | "port"; readonly detail: string },
): ConfigError {
  const [variable, value] = what === "port" ? ["PORT", port] : ["HOST", host];
  const expected = what === "port" ? "a free port" : "an address of this machine";
  return new ConfigError([{ variable, value: `${value} (${detail})`, expected }]);
}
