// Where Restate's server is, and how it comes to be there: from the npm registry, some 220 MB, and
// so only when it is wanted, into the cache of node_modules.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "1.7.12";
const PACKAGE = `@restatedev/restate-server-${process.platform}-${process.arch}`;

function cacheFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  // Built or not, we are somewhere below the folder that has node_modules.
  while (!existsSync(join(folder, "node_modules")) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return join(folder, "node_modules", ".cache", "loanloom", `restate-${VERSION}`);
}

export function restateProgram(): string | null {
  const program = join(cacheFolder(), "node_modules", PACKAGE, "bin", "restate-server");
  return existsSync(program) ? program : null;
}

/** Installs it where it may and says so; returns why not otherwise, null when it is there. */
export function ensureRestate(mayInstall: boolean, say: (text: string) => void): string | null {
  if (restateProgram() !== null) return null;
  const wanted = `${PACKAGE}@${VERSION}`;
  if (!mayInstall) return `Restate's server is not installed (${wanted})`;
  const folder = cacheFolder();
  say(`installing ${wanted} from the npm registry into ${folder}`);
  mkdirSync(folder, { recursive: true });
  const quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  const args = ["install", ...quiet, "--prefix", folder, wanted];
  const { status, error } = spawnSync("npm", args, { stdio: ["ignore", 2, 2] });
  if (restateProgram() !== null) return null;
  return `npm could not install ${wanted}: ${error?.message ?? `exit ${status}`}`;
}
