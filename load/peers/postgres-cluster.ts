// A PostgreSQL cluster of its own for the comparison: made in a folder, reached over a unix socket,
// durable before each commit is answered, gone with its folder. It never touches another cluster.

import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { postgresPrograms, postgresUser } from "./postgres-program.ts";
import { NOTE_CENTS, POSTGRES_FUNCTIONS, POSTGRES_TABLES } from "./postgres-schema.ts";
import { connectPostgres } from "./postgres-store.ts";
import { newSocketFolder, StartedProcess } from "./started-processes.ts";
import { placesOf, type PeerWorld } from "./store.ts";

/** Durable, and else as one would set it for a machine that has little to do beside. */
const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  listen_addresses: "",
  max_connections: "100",
  shared_buffers: "512MB",
  wal_buffers: "64MB",
  wal_compression: "on",
  max_wal_size: "8GB",
  min_wal_size: "1GB",
  checkpoint_timeout: "30min",
  jit: "off",
};

export class PostgresCluster {
  readonly #sockets: ReturnType<typeof newSocketFolder>;
  readonly #process: StartedProcess;

  private constructor(sockets: ReturnType<typeof newSocketFolder>, process: StartedProcess) {
    this.#sockets = sockets;
    this.#process = process;
  }

  /** `folder` must be one that the user of PostgreSQL can get to. */
  static async start(folder: string): Promise<PostgresCluster> {
    const programs = postgresPrograms()!;
    const user = postgresUser();
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    if (user !== undefined) chownSync(folder, user.uid, user.gid);
    const data = join(folder, "data");
    const asUser = { ...user, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
    // Not synced yet: what is measured is, and a cluster that a power cut spoils is made anew.
    const init = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"];
    execFileSync(join(programs, "initdb"), init, { ...asUser, stdio: "pipe" });
    const sockets = newSocketFolder();
    if (user !== undefined) chownSync(sockets.path, user.uid, user.gid);
    const settings = { ...POSTGRES_SETTINGS, unix_socket_directories: sockets.path };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const started = new StartedProcess(join(programs, "postgres"), ["-D", data, ...args], {
      folder,
      // An immediate end: the folder is removed, so nothing need be written to it.
      stopSignal: "SIGQUIT",
      spawn: asUser,
    });
    const cluster = new PostgresCluster(sockets, started);
    try {
      await started.untilReady(() => cluster.#answers());
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get socketFolder(): string {
    return this.#sockets.path;
  }

  get pid(): number {
    return this.#process.pid;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.#sockets.remove();
  }

  /** A connection for set-up and checks; to be ended by the caller. */
  connect(): Sql {
    return connectPostgres(this.socketFolder, 1);
  }

  async #answers(): Promise<boolean> {
    const sql = this.connect();
    try {
      await sql`select 1`;
      return true;
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  async create({ accounts, depositCents, loans }: PeerWorld): Promise<void> {
    const sql = this.connect();
    const places = placesOf(accounts);
    try {
      await sql.unsafe(POSTGRES_TABLES);
      for (const body of POSTGRES_FUNCTIONS) await sql.unsafe(body);
      await sql`insert into account
        select n - 1, ${depositCents}::bigint, 0 from generate_series(1, ${accounts.length}::int) n`;
      for (const [place, loan] of loans.entries()) {
        const { borrowerId, principalCents, lenders } = loan;
        const borrower = borrowerId === null ? null : places.get(borrowerId)!;
        const lent = lenders.length > 0;
        const notesEach = lent ? principalCents / lenders.length / NOTE_CENTS : 0;
        await sql`insert into loan (id, principal, raised, borrower, notes) values
          (${place}, ${principalCents}, ${lent ? principalCents : 0}, ${borrower},
           ${notesEach * lenders.length})`;
        if (!lent) continue;
        await sql`insert into holding
          select ${place}::int, o, a, (o - 1) * ${notesEach}::bigint, o * ${notesEach}::bigint
            from unnest(${lenders.map((each) => places.get(each)!)}::int[]) with ordinality t(a, o)`;
      }
      await sql.unsafe("vacuum analyze");
      await sql.unsafe("checkpoint");
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
}
