// Looks into actors and shards, for answers that are gathered from several: what is
// seen is copied in the actor's own turn and told when it is durable, like every
// other read. A look changes nothing.

import type { Address } from "../../actors/address.ts";
import type { Cell } from "./cell.ts";
import { KINDS } from "./kind.ts";
import type { Release, Request } from "./port.ts";
import type { ShardRun } from "./shard-run.ts";
import type { ShardState } from "./shard-state.ts";
import { shardOf } from "./shard-of.ts";

export type Unseen = "unavailable" | "actor_quarantined" | "internal_error" | "server_busy";

/** `position`: the journal entry up to which what was seen is durable, `shard:epoch-seq`. */
export type Seen<Sight> =
  | { readonly ok: true; readonly sight: Sight; readonly position: string }
  | { readonly ok: false; readonly code: Unseen };

export interface Look {
  /** Runs in the actor's turn; must copy whatever may change afterwards. */
  readonly see: (cell: Cell) => unknown;
  /** Called once: with what was seen when it is durable, or with why nothing was. */
  readonly tell: (seen: Seen<unknown>) => void;
}

/** A look that waits for the commit that it depends on. Never leaves the runtime. */
export interface Sighting {
  readonly kind: "sighting";
  readonly look: Look;
  readonly seen:
    { readonly ok: true; readonly sight: unknown } | { readonly ok: false; readonly code: Unseen };
}

/** What waits for a commit: what goes out, and what was looked at. */
export type Waiting = Release | Sighting;

export function tellSighting({ look, seen }: Sighting, position: string): void {
  look.tell(seen.ok ? { ...seen, position } : seen);
}

export class Looks {
  readonly #runs: () => readonly (ShardRun | null)[];
  /** By shard: those that are not told yet. A life that ends forgets them. */
  readonly #open = new Map<number, Set<Look>>();

  constructor(runs: () => readonly (ShardRun | null)[]) {
    this.#runs = runs;
  }

  /** `request` is the one that asks; it is not answered by the look. */
  at<Sight>(
    to: Address,
    request: Request,
    see: (cell: Cell) => Sight,
    at: number,
  ): Promise<Seen<Sight>> {
    const runs = this.#runs();
    const shard = shardOf(to, runs.length);
    return this.#look(shard, see, (run, look) =>
      run.submit(KINDS[to.kind], to.id, { ...request, session: null, look }, at),
    );
  }

  /** One look for each shard, in order. */
  atShards<Sight>(see: (state: ShardState) => Sight): Promise<readonly Seen<Sight>[]> {
    const looks = this.#runs().map((_, shard) =>
      this.#look<Sight>(shard, noCell, (run, look) => {
        run.lookAtShard(look, see(run.state));
        return true;
      }),
    );
    return Promise.all(looks);
  }

  #look<Sight>(
    shard: number,
    see: (cell: Cell) => Sight,
    start: (run: ShardRun, look: Look) => boolean,
  ): Promise<Seen<Sight>> {
    const run = this.#runs()[shard];
    return new Promise((resolve) => {
      if (run === null || run === undefined) return resolve({ ok: false, code: "unavailable" });
      const open = this.#openOf(shard);
      const look: Look = {
        see,
        tell: (seen) => {
          open.delete(look);
          resolve(seen as Seen<Sight>);
        },
      };
      open.add(look);
      if (!start(run, look)) look.tell({ ok: false, code: "server_busy" });
    });
  }

  #openOf(shard: number): Set<Look> {
    let open = this.#open.get(shard);
    if (open === undefined) this.#open.set(shard, (open = new Set()));
    return open;
  }

  /** The shard's life is over: what was seen of it was perhaps never true. */
  forget(shard: number): void {
    for (const look of this.#openOf(shard)) look.tell({ ok: false, code: "unavailable" });
  }
}

function noCell(): never {
  throw new TypeError("a shard has no cell");
}
