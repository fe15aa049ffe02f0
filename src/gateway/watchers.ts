// Who watches what: accounts or loans, one instance for each. A session watches from the moment its
// snapshot is released, neither earlier nor later, so its stream has no gap. What nobody watches
// and nobody is about to watch is reported, once, so that the runtime stops telling.

import type { Session } from "./session.ts";

/** One session's interest in one subject. */
interface Interest {
  /** Requests to watch that the runtime has not answered yet. */
  asked: number;
  /** False once the client has said that it no longer wants to. */
  wanted: boolean;
}

interface Subject {
  readonly live: Set<Session>;
  asked: number;
}

export class Watchers<Id extends string> {
  readonly #subjects = new Map<Id, Subject>();
  readonly #bySession = new Map<Session, Map<Id, Interest>>();
  readonly #unwatched: (id: Id) => void;

  constructor(unwatched: (id: Id) => void) {
    this.#unwatched = unwatched;
  }

  liveOf(id: Id): ReadonlySet<Session> | undefined {
    return this.#subjects.get(id)?.live;
  }

  countOf(session: Session): number {
    return this.#bySession.get(session)?.size ?? 0;
  }

  has(session: Session, id: Id): boolean {
    return this.#bySession.get(session)?.has(id) === true;
  }

  /** The runtime has taken a request to watch in. */
  ask(session: Session, id: Id): void {
    let interests = this.#bySession.get(session);
    if (interests === undefined) this.#bySession.set(session, (interests = new Map()));
    const interest = interests.get(id);
    if (interest === undefined) interests.set(id, { asked: 1, wanted: true });
    else {
      interest.asked++;
      interest.wanted = true;
    }
    const subject = this.#subjects.get(id);
    if (subject === undefined) this.#subjects.set(id, { live: new Set(), asked: 1 });
    else subject.asked++;
  }

  /** The request was answered, with a snapshot or not. True when the session watches now. */
  answered(session: Session, id: Id, withSnapshot: boolean): boolean {
    const interest = this.#bySession.get(session)?.get(id);
    const subject = this.#subjects.get(id);
    if (interest === undefined || subject === undefined) {
      // The session closed meanwhile; the runtime may have begun to tell for nobody.
      if (withSnapshot && subject === undefined) this.#unwatched(id);
      return false;
    }
    interest.asked--;
    subject.asked--;
    if (withSnapshot && interest.wanted) subject.live.add(session);
    const live = subject.live.has(session);
    if (!live && interest.asked === 0) this.#forget(session, id);
    this.#release(id, subject);
    return live;
  }

  /** The client wants no more, also of what it has asked for and not got yet. */
  end(session: Session, id: Id): void {
    const interest = this.#bySession.get(session)?.get(id);
    const subject = this.#subjects.get(id);
    if (interest === undefined || subject === undefined) return;
    interest.wanted = false;
    subject.live.delete(session);
    if (interest.asked === 0) this.#forget(session, id);
    this.#release(id, subject);
  }

  /** The session has closed. */
  close(session: Session): void {
    const interests = this.#bySession.get(session);
    if (interests === undefined) return;
    this.#bySession.delete(session);
    for (const [id, interest] of interests) {
      const subject = this.#subjects.get(id)!;
      subject.asked -= interest.asked;
      subject.live.delete(session);
      this.#release(id, subject);
    }
  }

  #forget(session: Session, id: Id): void {
    const interests = this.#bySession.get(session)!;
    interests.delete(id);
    if (interests.size === 0) this.#bySession.delete(session);
  }

  #release(id: Id, subject: Subject): void {
    if (subject.asked > 0 || subject.live.size > 0) return;
    this.#subjects.delete(id);
    this.#unwatched(id);
  }
}
