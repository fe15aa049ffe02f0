#!/usr/bin/env node
// Makes sure that a redis-server (7 or newer) or a valkey-server is on this machine, for the
// embedded default. Runs before the build, so it is plain JavaScript without dependencies.
//
// It installs the server's program only. On Debian that is `redis-server` without recommended
// packages; the package would also start a Redis service, which nobody asked for, so a policy that
// forbids starting services is in place while it installs, and taken away again; and the service
// is disabled, so that it does not start with the machine either.

import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

const HELP = `Makes sure that redis-server (7 or newer) or valkey-server is installed.

usage: node deploy/ensure-redis.mjs [--check] [--help]

  --check   only look; do not install
  --help    this text

Does nothing when one is there, or when REDIS_URL is set. Otherwise it installs one with apt-get,
apk, dnf or brew; with sudo where it is not root and the package manager needs it.
Exit codes: 0 there is one, 1 there is none and it could not be installed, 2 usage.
`;

const MAJOR_VERSION_MIN = 7;
const PROGRAMS = ["redis-server", "valkey-server"];
const POLICY = "/usr/sbin/policy-rc.d";

/** Each: the program to look for, the packages to try in order, and how to install one. */
const MANAGERS = [
  {
    program: "apt-get",
    packages: ["redis-server", "valkey-server"],
    before: ["apt-get", "update", "-q"],
    install: (name) => ["apt-get", "install", "-y", "-q", "--no-install-recommends", name],
    environment: { DEBIAN_FRONTEND: "noninteractive" },
    asRoot: true,
  },
  {
    program: "apk",
    packages: ["redis", "valkey"],
    install: (name) => ["apk", "add", "--no-cache", name],
    asRoot: true,
  },
  {
    program: "dnf",
    packages: ["redis", "valkey"],
    install: (name) => ["dnf", "install", "-y", "-q", name],
    asRoot: true,
  },
  {
    program: "brew",
    packages: ["redis", "valkey"],
    install: (name) => ["brew", "install", name],
    asRoot: false,
  },
];

process.exitCode = main(process.argv.slice(2));

function main(args) {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(HELP);
    return 0;
  }
  const unknown = args.find((argument) => argument !== "--check");
  if (unknown !== undefined) {
    process.stderr.write(`ensure-redis: unknown argument ${unknown}; see --help\n`);
    return 2;
  }
  if (found() !== null) return 0;
  if (process.env.REDIS_URL) return 0;
  if (args.includes("--check")) return impossible("no redis-server 7 or newer is installed");
  const manager = MANAGERS.find(({ program }) => onPath(program) !== null);
  if (manager === undefined) return impossible("no package manager that this script knows");
  return install(manager);
}

function install(manager) {
  const isRoot = process.getuid?.() === 0;
  const needsSudo = manager.asRoot && !isRoot;
  if (needsSudo && onPath("sudo") === null) {
    return impossible(`${manager.program} needs root, and there is no sudo`);
  }
  const prefix = needsSudo ? ["sudo"] : [];
  const withdrawPolicy = manager.program === "apt-get" ? forbidServices(prefix) : () => undefined;
  try {
    if (manager.before !== undefined) run([...prefix, ...manager.before], manager.environment);
    for (const name of manager.packages) {
      say(`installing ${name} with ${manager.program}${needsSudo ? " (by sudo)" : ""}`);
      run([...prefix, ...environmentFor(manager, needsSudo), ...manager.install(name)], {
        ...manager.environment,
      });
      const program = found();
      if (program !== null) {
        disableService(manager, prefix, name);
        say(`${program} is ready; no service of it was started`);
        return 0;
      }
    }
  } finally {
    withdrawPolicy();
  }
  return impossible(`${manager.program} could not install a Redis that is new enough`);
}

/** sudo drops the environment, so what matters is given to the program itself. */
function environmentFor({ environment = {} }, needsSudo) {
  if (!needsSudo) return [];
  return ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
}

/**
 * Debian asks this policy before a package starts a service; 101 says no. One that is there
 * already is somebody's decision and stays as it is.
 */
function forbidServices(prefix) {
  if (existsSync(POLICY)) return () => undefined;
  const script = "#!/bin/sh\nexit 101\n";
  if (prefix.length === 0) {
    writeFileSync(POLICY, script);
    chmodSync(POLICY, 0o755);
    return () => rmSync(POLICY, { force: true });
  }
  execFileSync("sudo", ["tee", POLICY], { input: script, stdio: ["pipe", "ignore", "inherit"] });
  execFileSync("sudo", ["chmod", "755", POLICY]);
  return () => execFileSync("sudo", ["rm", "-f", POLICY]);
}

/** Only Debian's package enables its service by itself. */
function disableService({ program }, prefix, name) {
  if (program !== "apt-get" || onPath("systemctl") === null) return;
  run([...prefix, "systemctl", "disable", "--quiet", name]);
}

/** A failure is seen by what is (not) there afterwards. Output goes to standard error. */
function run([program, ...args], environment = {}) {
  const env = { ...process.env, ...environment };
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", 2, 2], env });
  if (status !== 0) say(`${[program, ...args].join(" ")}: ${error?.message ?? `exit ${status}`}`);
}

/** The path of a server that is new enough; null when there is none. */
function found() {
  for (const name of PROGRAMS) {
    const program = onPath(name);
    if (program === null) continue;
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    const major = Number(/v=(\d+)/.exec(stdout ?? "")?.[1] ?? 0);
    if (major >= MAJOR_VERSION_MIN) return program;
    say(`${program} is too old: ${String(stdout).trim()}`);
  }
  return null;
}

function onPath(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

function say(text) {
  process.stderr.write(`ensure-redis: ${text}\n`);
}

function impossible(why) {
  say(
    `${why}. Install Redis 7 or newer (https://redis.io/docs/latest/operate/oss_and_stack/install/) ` +
      "or Valkey, or set REDIS_URL to one that runs.",
  );
  return 1;
}
