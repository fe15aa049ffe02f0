// Follows the file of revocations for a server. At the start everything must be understood; later
// nothing that happens to the file takes back what is known: faults are counted, and told once.

import { faultOf, RevocationFileError } from "./file-error.ts";
import { LineTail, type Sight } from "./line-tail.ts";
import { parseRevocation } from "./revocation.ts";
import { keptMsOf, Revocations, type Added } from "./revocations.ts";

interface RevocationLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** As the settings of the server have them. */
export interface RevocationSettings {
  /**
   * Null: the file has its usual place. Where another one was given it must exist: it may be in a
   * folder that is not there yet, and without it everybody who was revoked would be let in.
   */
  readonly revocationsFile: string | null;
  readonly revocationsMs: number;
  readonly revocationsMax: number;
  readonly tokenLifetimeMsMax: number;
  readonly clockToleranceS: number;
}

export interface FollowerOptions {
  readonly path: string;
  readonly settings: RevocationSettings;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  readonly log: RevocationLog;
}

/**
 * `unreadable` counts looks, `rewritten` how often the file was no longer what had been read of it,
 * `malformed` lines, `unfinished` last lines that stay without their newline, and `full`
 * revocations that there was no room for.
 */
export type RevocationFault = "unreadable" | "rewritten" | "malformed" | "unfinished" | "full";

/** A line is one write: whoever has not ended it after so long will not. */
const UNFINISHED_MS_MAX = 5_000;

/** What one look at the file has brought. */
interface Found {
  added: number;
  outlived: number;
  beyond: number;
  malformed: number;
  /** Where the first malformed line is, and what is wrong with it. */
  firstComplaint: string | null;
}

export class RevocationFollower {
  readonly faults: Record<RevocationFault, number> = {
    unreadable: 0,
    rewritten: 0,
    malformed: 0,
    unfinished: 0,
    full: 0,
  };
  /** What is in force. */
  readonly revocations: Revocations;
  readonly #o: FollowerOptions;
  readonly #tail: LineTail;
  /** Of the file as it stands. */
  #linesUnread = 0;
  #isUnreadable = false;
  #unfinished: { readonly bytes: number; readonly sinceMs: number; isTold: boolean } | null = null;
  #currentAtMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  private constructor(options: FollowerOptions) {
    this.#o = options;
    this.#tail = new LineTail(options.path);
    const { settings } = options;
    this.revocations = new Revocations({
      keptMs: keptMsOf(settings),
      max: settings.revocationsMax,
    });
    this.#currentAtMs = options.clock.monotonicMs();
  }

  /**
   * Reads the whole file, and then what is new every `revocationsMs` until `stop`. Rejects with a
   * RevocationFileError when the file cannot be read, or one of its lines cannot be understood.
   */
  static async start(options: FollowerOptions): Promise<RevocationFollower> {
    const follower = new RevocationFollower(options);
    await follower.#begin();
    follower.#lookLater();
    return follower;
  }

  /** Revocations in force that are remembered one by one. */
  get inForce(): number {
    return this.revocations.size;
  }

  /** For how long the file has not been read to its end with every line understood. */
  get lagSeconds(): number {
    return (this.#o.clock.monotonicMs() - this.#currentAtMs) / 1_000;
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #begin(): Promise<void> {
    const { path, settings, log } = this.#o;
    const found = nothing();
    const sight = await this.#read(found).catch((error: unknown) => {
      throw new RevocationFileError(`${path} cannot be read: ${faultOf(error)}`);
    });
    if (found.firstComplaint !== null) {
      throw new RevocationFileError(
        `${found.firstComplaint}. Nobody knows whom it revokes: mend or remove the line`,
      );
    }
    if (sight.kind === "absent" && settings.revocationsFile !== null) {
      throw new RevocationFileError(
        `${path} (LOANLOOM_REVOCATIONS_FILE) is not there. Where nothing was revoked yet, make it empty`,
      );
    }
    this.#tellFull(found);
    const { added, outlived } = found;
    log.info({ path, isThere: sight.kind === "read", added, outlived }, "revocations were read");
    this.#settle(sight);
  }

  #lookLater(): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      void this.look().then(() => this.#lookLater());
    }, this.#o.settings.revocationsMs);
  }

  /** Reads what is new. One call at a time; never rejects for what is wrong with the file. */
  async look(): Promise<void> {
    const { path, log, clock } = this.#o;
    const found = nothing();
    try {
      const sight = await this.#read(found);
      if (this.#isUnreadable) log.info({ path }, "the file of revocations can be read again");
      this.#isUnreadable = false;
      if (sight.kind === "read" && sight.isRewritten) {
        this.faults.rewritten++;
        log.warn(
          { path },
          "the file of revocations was cut or replaced: what was known stays in force, and it was read again",
        );
      }
      this.#settle(sight);
    } catch (error) {
      const fault = faultOf(error);
      this.faults.unreadable++;
      if (!this.#isUnreadable) {
        log.error({ path, fault }, "the file of revocations cannot be read: what is known stays");
      }
      this.#isUnreadable = true;
    }
    this.#tell(found);
    this.revocations.prune(clock.wallMs());
  }

  async #read(found: Found): Promise<Sight> {
    const { path, clock } = this.#o;
    const nowMs = clock.wallMs();
    return this.#tail.read({
      begins: () => {
        this.#linesUnread = 0;
      },
      line: (text, lineNo) => {
        if (text === "") return; // An unfinished line was ended by whoever came next.
        const parsed = parseRevocation(text);
        if (parsed.ok) return count(found, this.revocations.add(parsed.revocation, nowMs));
        this.#linesUnread++;
        found.malformed++;
        found.firstComplaint ??= `${path}, line ${lineNo}: ${parsed.complaint}`;
      },
    });
  }

  /** The file was read to its end: is every line understood, and is the last one only under way? */
  #settle(sight: Sight): void {
    const nowMs = this.#o.clock.monotonicMs();
    const bytes = sight.kind === "read" ? sight.unfinishedBytes : 0;
    if (bytes === 0) this.#unfinished = null;
    else if (bytes !== this.#unfinished?.bytes) {
      this.#unfinished = { bytes, sinceMs: nowMs, isTold: false };
    }
    const isStuck =
      this.#unfinished !== null && nowMs - this.#unfinished.sinceMs >= UNFINISHED_MS_MAX;
    if (isStuck && !this.#unfinished!.isTold) {
      this.#unfinished!.isTold = true;
      this.faults.unfinished++;
      this.#o.log.error(
        { path: this.#o.path },
        "the last line of the revocations has no newline, and is not in force",
      );
    }
    if (this.#linesUnread === 0 && !isStuck) this.#currentAtMs = nowMs;
  }

  #tell(found: Found): void {
    const { log } = this.#o;
    const { added, malformed, firstComplaint } = found;
    if (added > 0) log.info({ added, inForce: this.inForce }, "tokens were revoked");
    if (malformed > 0) {
      this.faults.malformed += malformed;
      log.error({ malformed, first: firstComplaint }, "revocations that nobody understands");
    }
    this.#tellFull(found);
  }

  #tellFull({ beyond }: Found): void {
    if (beyond === 0) return;
    this.faults.full += beyond;
    this.#o.log.error(
      { beyond, inForce: this.inForce },
      "more revocations than LOANLOOM_REVOCATIONS_MAX: all tokens issued up to them count no more",
    );
  }
}

function nothing(): Found {
  return { added: 0, outlived: 0, beyond: 0, malformed: 0, firstComplaint: null };
}

function count(found: Found, added: Added): void {
  if (added !== "known") found[added]++;
}
