// Where PostgreSQL's server programs are, and how they come to be there: by Debian's package,
// without the cluster and the service that the package would start, which nobody asked for.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Debian keeps them out of the path, by major version. */
const DEBIAN_FOLDER = "/usr/lib/postgresql";
const PROGRAMS = ["initdb", "postgres"];
/** Read by Debian's scripts before they make a cluster and before they start a service. */
const NO_CLUSTER = "/etc/postgresql-common/createcluster.d/loanloom-compare.conf";
const NO_SERVICES = "/usr/sbin/policy-rc.d";

/** The folder of initdb and postgres, of the newest version there is; null when there is none. */
export function postgresPrograms(): string | null {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const byVersion = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, "bin"));
  const onPath = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  const found = [...byVersion, ...onPath].find((folder) =>
    PROGRAMS.every((program) => existsSync(join(folder, program))),
  );
  return found ?? null;
}

/**
 * Installs it where that is possible and says so; returns why not otherwise, null when it is there.
 */
export function ensurePostgres(mayInstall: boolean, say: (text: string) => void): string | null {
  if (postgresPrograms() !== null) return null;
  const how = "`apt-get install postgresql`";
  if (!mayInstall) return `PostgreSQL is not installed (${how})`;
  if (process.getuid?.() !== 0) return `PostgreSQL is not installed, and only root can: ${how}`;
  if (spawnSync("apt-get", ["--version"]).status !== 0) {
    return "PostgreSQL is not installed, and there is no apt-get to install it with";
  }
  say("installing Debian's package postgresql with apt-get, without a service");
  const withdraw = [forbid(NO_CLUSTER, "create_main_cluster = false\n", 0o644)];
  withdraw.push(forbid(NO_SERVICES, "#!/bin/sh\nexit 101\n", 0o755));
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const stdio: ["ignore", 2, 2] = ["ignore", 2, 2];
    spawnSync("apt-get", ["update", "-q"], { stdio, env });
    const install = ["install", "-y", "-q", "--no-install-recommends", "postgresql"];
    spawnSync("apt-get", install, { stdio, env });
  } finally {
    for (const each of withdraw) each();
  }
  return postgresPrograms() === null ? "apt-get could not install postgresql" : null;
}

/** A file that is there already is somebody's decision and stays. */
function forbid(path: string, text: string, mode: number): () => void {
  if (existsSync(path)) return () => undefined;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
  return () => rmSync(path, { force: true });
}

/** Whom it runs as: it refuses to run as root. Undefined: as whoever we are. */
export function postgresUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string): number =>
    Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
