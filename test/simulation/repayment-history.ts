// One seeded history of loans that are repaid; see repayments.test.ts.

import { accountId, loanId, type RequestId } from "../../actors/address.ts";
import { systemScheduler, type Scheduler } from "../../src/runtime/environment.ts";
import { KINDS, type ActorKind } from "../../src/runtime/kind.ts";
import type { Answer, Request } from "../../src/runtime/port.ts";
import type { Random } from "../support/random.ts";
import { codec, World, type Draft } from "../support/world.ts";
import { randomOfHistory, settle } from "./seeded.ts";

export interface Past {
  readonly crashes: number;
  readonly settled: number;
  readonly defaulted: number;
  readonly writtenOff: number;
  /** Payments of loans that were written off. */
  readonly recoveries: number;
  /** Accounts that were out of service for a while, and legs that were kept for them. */
  readonly quarantined: number;
  readonly skippedLegs: number;
  readonly loaded: number;
  readonly legs: number;
  readonly clearings: number;
}

interface Sent {
  readonly draft: Draft;
  readonly self: string | null;
  readonly requestId: RequestId;
  readonly requests: Request[];
}

const LENDERS = ["ann", "ben", "cora", "dan", "eve", "fay", "gus"];
/** The first can always pay; the second mostly; the third never has a cent more than it is lent. */
const BORROWERS = ["rich", "some", "poor"] as const;
const LOANS = ["l-1", "l-2", "l-3"];
const STEPS = 80;
const METHODS = ["equal_instalment", "equal_principal", "interest_only", "bullet"] as const;
const MODES = ["due", "early_full", "early_keep_term", "early_keep_instalment"] as const;

/** Days pass as fast as the machine can: only longer times are waited for. */
const SCHEDULER: Scheduler = {
  soon: (task) => systemScheduler.soon(task),
  after: (delayMs, task) => {
    if (delayMs > 1) return systemScheduler.after(delayMs, task);
    let isCalledOff = false;
    setImmediate(() => {
      if (!isCalledOff) task();
    });
    return () => (isCalledOff = true);
  },
};

const POISON = "poison";

/** While this is set, replaying a poisoned deposit throws: its account is out of service. */
let isPoisonous = false;
const wholeEvolve = KINDS.account.evolve;
(KINDS.account as { -readonly [Name in keyof ActorKind]: ActorKind[Name] }).evolve = (
  state,
  event,
  id,
  at,
) => {
  const { reference } = event as { reference?: string };
  if (isPoisonous && reference?.startsWith(POISON) === true) throw new Error(POISON);
  return wholeEvolve(state, event, id, at);
};

export class RepaymentHistory {
  readonly world: World;
  readonly #random: Random;
  readonly #sent: Sent[] = [];
  #crashes = 0;
  #quarantined = 0;
  #ended = false;

  constructor(seed: number, shards: number) {
    this.#random = randomOfHistory(seed * 7 + shards);
    const limits = { checkpointMs: 1, idleMs: 4, turnItemsMax: 3, journalKeep: "all" } as const;
    this.world = new World(shards, limits, SCHEDULER);
  }

  async live(): Promise<Past> {
    const { world } = this;
    await world.start();
    await this.#prepare();
    world.auto = false;
    this.#fill();
    for (let step = 0; step < STEPS; step++) await this.#step();
    await this.#rest();
    const events = await this.#events();
    const count = (type: string): number => events.filter((event) => event.type === type).length;
    this.#checkRich(events);
    return {
      crashes: this.#crashes,
      settled: count("LoanSettled"),
      defaulted: count("LoanDefaulted"),
      writtenOff: count("LoanWrittenOff"),
      recoveries: events.filter((event) => event["isRecovery"] === true).length,
      quarantined: this.#quarantined,
      skippedLegs: events.filter(({ type }) => type === "skipped").length,
      loaded: world.counters.loaded,
      legs: 0,
      clearings: 0,
    };
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.world.stop();
  }

  async #prepare(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    for (const id of LENDERS) await world.openWithMoney(id, 3_000_00);
    await world.openWithMoney("rich", 1_000_000_00);
    await world.openWithMoney("some", 300_00);
    for (const [at, id] of LOANS.entries()) {
      await world.listLoan(id, {
        borrowerId: accountId(BORROWERS[at]!),
        principalCents: (4 + random(14)) * 100_00,
        method: METHODS[random(METHODS.length)]!,
        term: 1 + random(6),
        rateBps: random(3_600),
        originationFeeBps: random(300),
        serviceFeeBps: random(2_000),
        earlyFeeBps: random(200),
        graceDays: random(4),
        penaltyPpm: random(2_000),
        disbursesAtOnce: random(3) > 0,
      });
    }
  }

  /** Most loans are nearly full from the start: what is looked for comes after that. */
  #fill(): void {
    const random = this.#random;
    for (const lender of LENDERS) {
      for (const id of LOANS) {
        const amountCents = (1 + random(3)) * 100_00;
        const fields = { amountCents, fill: "upTo", minCents: null };
        this.#submit({ type: "PlaceBid", loanId: loanId(id), ...fields }, lender);
      }
    }
  }

  #submit(draft: Draft, self: string | null = null): void {
    const { request, requestId } = this.world.submit(draft, self);
    this.#sent.push({ draft, self, requestId, requests: [request] });
  }

  async #step(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    const choice = random(100);
    if (choice < 12) this.#bid();
    else if (choice < 34) this.#advance(1 + random(40));
    else if (choice < 48) this.#repay();
    else if (choice < 55) this.#operate();
    else if (choice < 58) this.#writeOff();
    else if (choice < 61) this.#repeat();
    else if (choice < 82) {
      for (const journal of world.journals) if (random(3) > 0) journal.acknowledge(random(6));
      await world.turns(random(6));
    } else if (choice < 88) {
      world.auto = true;
      await world.turns(random(60));
      world.auto = false;
    } else if (choice < 91) {
      await new Promise((resolve) => setTimeout(resolve, random(12)));
    } else {
      await this.#crash();
    }
  }

  #bid(): void {
    const random = this.#random;
    const fields = { amountCents: (1 + random(9)) * 100_00, fill: "upTo", minCents: null };
    const id = LOANS[random(LOANS.length)]!;
    this.#submit(
      { type: "PlaceBid", loanId: loanId(id), ...fields },
      LENDERS[random(LENDERS.length)]!,
    );
  }

  #advance(days: number): void {
    const { system } = this.world;
    // A crash on the way is no failure: the days are asked for again.
    void system.advanceTo(system.businessDay + days).catch(() => undefined);
  }

  #repay(): void {
    const random = this.#random;
    const at = random(LOANS.length);
    const mode = MODES[random(MODES.length)]!;
    const amountCents = 1 + random(random(2) === 0 ? 100_00 : 3_000_00);
    const payer = random(10) === 0 ? "ann" : BORROWERS[at]!;
    this.#submit({ type: "RepayLoan", loanId: loanId(LOANS[at]!), amountCents, mode }, payer);
  }

  #operate(): void {
    const random = this.#random;
    if (random(2) === 0) {
      this.#submit({ type: "ConfirmLoan", loanId: loanId(LOANS[random(LOANS.length)]!) });
      return;
    }
    const isPoison = random(2) === 0;
    const id = isPoison ? LENDERS[random(LENDERS.length)]! : "some";
    const amountCents = isPoison ? 1 : 1 + random(200_00);
    const reference = `${isPoison ? POISON : "wages"} ${this.#sent.length}`;
    this.#submit({ type: "Deposit", accountId: accountId(id), amountCents, reference });
  }

  /** Mostly of a loan that is not in default; sometimes by one person alone. */
  #writeOff(): void {
    const random = this.#random;
    const of = { loanId: loanId(LOANS[random(LOANS.length)]!), reason: "late" };
    const proposal = 1 + random(3);
    this.#submit({ type: "ProposeWriteOff", ...of, by: "oda" });
    const answer = random(3) > 0 ? "confirm" : "return";
    const by = random(4) > 0 ? "otto" : "oda";
    this.#submit({ type: "DecideWriteOff", ...of, by, proposal, answer });
  }

  #repeat(): void {
    const random = this.#random;
    const repeat = this.#sent[random(Math.max(1, this.#sent.length))];
    if (repeat === undefined) return;
    const draft = { ...repeat.draft, requestId: repeat.requestId };
    repeat.requests.push(this.world.submit(draft, repeat.self).request);
  }

  /** A part of what was in flight is durable; sometimes accounts do not come back at once. */
  async #crash(): Promise<void> {
    const { world } = this;
    const random = this.#random;
    this.#crashes++;
    isPoisonous = random(3) === 0;
    await world.crash(world.stores.map(() => random(4)));
    isPoisonous = false;
    this.#quarantined += world.gauges().quarantinedActors;
  }

  /** Everything is mended, everybody asks again, and there is money for all that is owed. */
  async #rest(): Promise<void> {
    const { world } = this;
    await world.crash();
    world.auto = true;
    for (const each of this.#sent) {
      const draft = { ...each.draft, requestId: each.requestId };
      const { request } = world.submit(draft, each.self);
      each.requests.push(request);
      await world.answered(request);
      this.#expectOneOutcome(each);
    }
    await settle(world);
    const { system } = world;
    // Long enough for a default, or not; what is lost by then is mostly written off.
    await system.advanceTo(system.businessDay + (this.#random(2) === 0 ? 20 : 130));
    for (let attempt = 0; attempt < 12; attempt++) this.#writeOff();
    await settle(world);
    if (this.#random(4) > 0) {
      for (const id of ["some", "poor"]) await world.openWithMoney(id, 9_000_00);
    }
    await system.advanceTo(system.businessDay + 130);
    await settle(world);
  }

  #expectOneOutcome({ requests, draft }: Sent): void {
    const answers = requests
      .map((request) => this.world.answerTo(request))
      .filter((answer): answer is Answer => answer !== undefined && isRemembered(answer));
    const different = new Set(answers.map((answer) => JSON.stringify(answer)));
    if (different.size > 1) throw new Error(`${draft.type}: ${[...different].join(" or ")}`);
  }

  /** Who always has the money is never late, whatever crashed on the way. */
  #checkRich(events: readonly Loose[]): void {
    for (const event of events) {
      if (event.id !== LOANS[0] || event.type !== "DayWorked") continue;
      if (event["newPenaltyCents"] === 0 && event["newDues"] === 1) continue;
      throw new Error(`who can pay was late: ${JSON.stringify(event)}`);
    }
  }

  async #events(): Promise<Loose[]> {
    const events: Loose[] = [];
    for (const journal of this.world.journals) {
      for await (const { position, payload } of journal.read(null)) {
        if (position.seq === 0) continue;
        for (const record of codec.read(payload).records) {
          if (record.record === "act") {
            for (const event of record.events) events.push({ ...event, id: record.id });
          } else if (record.record === "legs") {
            for (const leg of record.skipped) events.push({ type: "skipped", id: "", leg });
          }
        }
      }
    }
    return events;
  }
}

/** Nothing is remembered of what failed at the door, or does not exist yet. */
function isRemembered(answer: Answer): boolean {
  return (
    answer.type !== "Failed" && !(answer.type === "Refused" && answer.code === "account_not_found")
  );
}

type Loose = Record<string, unknown> & { readonly type: string; readonly id: string };
