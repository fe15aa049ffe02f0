// The one shell that runs every actor: remembers requests, asks decide, writes the record, lets
// evolve apply it, and hands on what follows. Business rules are in actors/, disk and sockets are
// elsewhere. All of this is speculative: nothing leaves before its batch is durable.

import type { OutcomeEntry } from "../../actors/outcome-window.ts";
import { requestTimeMs, type RequestId } from "../../actors/address.ts";
import { lastEntryOf } from "../../actors/account/account.ts";
import { compileWriter, type TypedWriter } from "../journal/compiled-writer.ts";
import type { RecordCodec, Typed } from "../journal/records.ts";
import { assert } from "../money/assert.ts";
import type { Batch } from "./batch.ts";
import { accountOf, cellKey, type Cell, type Item } from "./cell.ts";
import { KINDS } from "./kind.ts";
import type { Sighting, Waiting } from "./looks.ts";
import type { RuntimeLimits } from "./limits.ts";
import { isNotice } from "./notices.ts";
import type { Answer, Request } from "./port.ts";
import { answerRead, isRead, type Read } from "./reads.ts";
import type { ShardState } from "./shard-state.ts";

/** What the shell needs of its shard. */
export interface ShellHost {
  readonly state: ShardState;
  readonly batch: Batch;
  /** The last record that is durable. */
  readonly committedRecordNo: number;
  /** True while commits do not get through. */
  readonly degraded: boolean;
  openBatch(at: number): void;
  /** A record is being written; its number. */
  countRecord(): number;
  changed(cell: Cell): void;
  /** Lets something be seen: at once, or with the commit that it depends on. */
  release(release: Waiting, dependsOnRecordNo: number): void;
}

type Mutation = Typed & { readonly requestId: RequestId; readonly fingerprint: number };

export class Shell {
  readonly #host: ShellHost;
  readonly #codec: RecordCodec;
  readonly #limits: RuntimeLimits;
  readonly #writers: Map<string, TypedWriter>[] = [];
  /** Where the turn is: supervision asks when something threw. */
  stage: "idle" | "decide" | "evolve" = "idle";
  current: Item | null = null;

  constructor(host: ShellHost, codec: RecordCodec, limits: RuntimeLimits) {
    this.#host = host;
    this.#codec = codec;
    this.#limits = limits;
    for (const kind of Object.values(KINDS)) {
      const writers = new Map<string, TypedWriter>();
      for (const [type, plan] of codec.plansOf(kind.number, "events")) {
        writers.set(type, compileWriter(plan));
      }
      this.#writers[kind.number] = writers;
    }
  }

  handle(cell: Cell, item: Item): void {
    this.current = item;
    this.stage = "decide";
    if (item.request === null) this.#carryOut(cell, item);
    else if (isRead(item.request.command)) this.#read(cell, item.request, item.request.command);
    else if (isNotice(item.request.command)) this.#note(cell, item, item.request);
    else this.#mutate(cell, item, item.request);
    this.stage = "idle";
    this.current = null;
  }

  answer(cell: Cell, request: Request, answer: Answer): void {
    this.#host.release({ kind: "answer", request, answer }, cell.changedAt);
  }

  #read(cell: Cell, request: Request, command: Read): void {
    const dirty = cell.changedAt > this.#host.committedRecordNo;
    if (dirty && this.#host.degraded) {
      this.answerFailed(request, "unavailable");
      return;
    }
    const { look } = request;
    if (look === undefined) {
      this.answer(cell, request, answerRead(cell, command, request.self));
      return;
    }
    const seen: Sighting["seen"] = { ok: true, sight: look.see(cell) };
    this.#host.release({ kind: "sighting", look, seen }, cell.changedAt);
  }

  /** Refuses without looking at the state, so that it may be told at once. */
  answerFailed(
    request: Request,
    code: "unavailable" | "internal_error" | "actor_quarantined",
  ): void {
    const { look } = request;
    if (look !== undefined) {
      this.#host.release({ kind: "sighting", look, seen: { ok: false, code } }, 0);
      return;
    }
    const retryAfterMs = code === "unavailable" ? this.#limits.retryAfterMs : null;
    const answer: Answer = { type: "Failed", code, retryAfterMs };
    this.#host.release({ kind: "answer", request, answer }, 0);
  }

  #mutate(cell: Cell, item: Item, request: Request): void {
    const command = item.command as Mutation;
    const { requestId } = command;
    const hidden = cell.kind.hides(cell.state, command);
    if (hidden !== null) {
      this.answer(cell, request, { type: "Refused", code: hidden });
      return;
    }
    const outcomes = cell.kind.outcomesFor(cell.state, command);
    const known = outcomes.get(requestId);
    if (known !== undefined) {
      this.#repeat(cell, command, known, request);
      return;
    }
    if (outcomes.isTooOld(requestId)) {
      this.answer(cell, request, { type: "Refused", code: "request_id_too_old" });
      return;
    }
    const aheadMs = requestTimeMs(requestId) - item.at;
    if (aheadMs > this.#limits.requestAheadMsMax) {
      // Not remembered: once forgotten, it would make all of the present too old.
      this.answer(cell, request, {
        type: "Failed",
        code: "request_id_ahead",
        retryAfterMs: aheadMs,
      });
      return;
    }
    const { day } = this.#host.state.calendar;
    const decision = cell.kind.decide(cell.state, command, item.at, day);
    if (decision.accepted) {
      this.#write(cell, decision.events, item);
    } else if (cell.isAbsent) {
      // Nothing is remembered of what does not exist: names are free, memory is not.
      this.answer(cell, request, { type: "Refused", code: decision.refusal });
      return;
    } else {
      const { fingerprint } = command;
      const { refusal } = decision;
      const type = cell.kind.refusalEvent(command);
      this.#write(cell, [{ type, requestId, fingerprint, refusal } as Typed], item);
    }
    const settledNow = this.#answerSettled(cell, request, requestId);
    if (!settledNow) {
      const entry = cell.kind.outcomesFor(cell.state, command).get(requestId);
      assert(entry !== undefined, "an accepted request is remembered");
      entry.waiter = request;
    }
  }

  /** Has its effect once by what it names; a refusal changes nothing and is not remembered. */
  #note(cell: Cell, item: Item, request: Request): void {
    const { day } = this.#host.state.calendar;
    const decision = cell.kind.decide(cell.state, item.command, item.at, day);
    if (!decision.accepted) {
      this.answer(cell, request, { type: "Refused", code: decision.refusal });
      return;
    }
    const isNew = decision.events.length > 0;
    if (isNew) this.#write(cell, decision.events, item);
    this.answer(cell, request, { type: "Noted", isNew });
  }

  #repeat(cell: Cell, command: Mutation, known: OutcomeEntry, request: Request): void {
    if (known.fingerprint !== command.fingerprint) {
      this.answer(cell, request, { type: "Refused", code: "request_id_reused" });
    } else if (known.outcome !== undefined) {
      this.answer(cell, request, known.outcome);
    } else if (known.waiter === undefined) {
      known.waiter = request;
    } else {
      const waiters = Array.isArray(known.waiter) ? (known.waiter as Request[]) : [known.waiter];
      waiters.push(request);
      known.waiter = waiters;
    }
  }

  /** Messages of other actors and alarms: decided like requests, but they cannot be refused. */
  #carryOut(cell: Cell, item: Item): void {
    const { day } = this.#host.state.calendar;
    const decision = cell.kind.decide(cell.state, item.command, item.at, day);
    assert(decision.accepted, "a message is not refused", item.command.type);
    if (decision.events.length === 0 && item.messageNo === 0) return;
    this.#write(cell, decision.events, item);
    this.#answerSettled(cell, null, null);
  }

  /** Tells everybody whose request came to its outcome; true when `requestId` is among them. */
  #answerSettled(cell: Cell, request: Request | null, requestId: RequestId | null): boolean {
    let own = false;
    for (const entry of cell.kind.takeSettled(cell.state)) {
      const { waiter, outcome } = entry;
      assert(outcome !== undefined, "what is settled has an outcome");
      if (request !== null && entry.requestId === requestId) {
        own = true;
        this.answer(cell, request, outcome);
      }
      if (waiter === undefined) continue;
      entry.waiter = undefined;
      if (!Array.isArray(waiter)) this.answer(cell, waiter as Request, outcome);
      else for (const each of waiter as Request[]) this.answer(cell, each, outcome);
    }
    return own;
  }

  #write(cell: Cell, events: readonly Typed[], item: Item): void {
    const { state, batch } = this.#host;
    const { kind } = cell;
    this.stage = "evolve";
    this.#host.openBatch(item.at);
    const recordNo = this.#host.countRecord();
    let changes = false;
    for (const event of events) if (!kind.isAnswer(event)) changes = true;
    if (changes) {
      cell.version++;
      cell.changedAt = recordNo;
    }
    const version = changes ? cell.version : 0;
    const { writer } = batch;
    const { messageNo, at } = item;
    this.#codec.writeAct(
      writer,
      kind.number,
      cell.id,
      version,
      at - batch.atMs,
      messageNo,
      events.length,
    );
    const writers = this.#writers[kind.number]!;
    const entryBefore = cell.watched && kind === KINDS.account ? lastEntryOf(accountOf(cell)) : 0;
    for (const event of events) {
      const write = writers.get(event.type);
      assert(write !== undefined, "the event has a layout", event.type);
      write(writer, event);
      cell.state = kind.evolve(cell.state, event, cell.id, at);
      const alarm = state.imply(kind, cell.id, event, at, cell.state);
      if (alarm !== undefined) batch.alarms.push([cellKey(kind.name, cell.id), alarm]);
    }
    if (messageNo !== 0) state.consume(messageNo);
    this.stage = "decide";
    if (cell.watched && changes) this.#tellWatchers(cell, entryBefore);
    if (changes) this.#host.changed(cell);
  }

  #tellWatchers(cell: Cell, entryBefore: number): void {
    if (cell.kind === KINDS.account) this.tellEntries(cell, entryBefore);
    else this.#host.batch.watchedLoans.add(cell);
  }

  /** Entries of a watched account after this one. */
  tellEntries(cell: Cell, after: number): void {
    const account = accountOf(cell);
    assert(account.status === "open", "an account with entries is open");
    const { accountId } = account;
    for (const entry of account.entries.after(after)) {
      this.#host.batch.releases.push({ kind: "entry", accountId, entry });
    }
  }
}
