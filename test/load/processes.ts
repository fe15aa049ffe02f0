// Which processes belong to a run: those that were started with something of its folder.

import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** "pid command" of each process whose command line, environment or working folder names it. */
export function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      const isOfRun =
        command.includes(folder) ||
        textOf(`/proc/${pid}/environ`).includes(folder) ||
        folderOf(pid).startsWith(folder);
      return isOfRun ? [`${pid} ${command}`] : [];
    });
}

export async function untilGone(folder: string, withinMs: number): Promise<readonly string[]> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    const left = processesOf(folder);
    if (left.length === 0 || Date.now() > untilMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
  const untilMs = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > untilMs) throw new Error(`not in ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function folderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
