// When requests are sent. The open loop sends each when it is due, whatever became of those before
// it; the closed loop sends a connection's next one when one was answered.

import type { Plan } from "../scenarios/plan.ts";
import { emptyRequest, type PlannedRequest, type Requests } from "../scenarios/requests.ts";

export interface Loop {
  start(): void;
  /** The client's request was answered. */
  onAnswer(client: number): void;
}

export interface LoopParts {
  readonly requests: Requests;
  readonly plan: Plan;
  elapsedMs(): number;
  isOver(): boolean;
  send(request: PlannedRequest): void;
}

/** Requests sent in one turn of the event loop, so that answers are read in between. */
const SENT_PER_TURN_MAX = 512;

export function openLoop({ requests, elapsedMs, isOver, send }: LoopParts): Loop {
  const next = emptyRequest();
  let isDue = requests.next(next);
  const turn = (): void => {
    if (isOver()) return;
    const nowMs = elapsedMs();
    let sent = 0;
    while (isDue && next.atMs <= nowMs && sent < SENT_PER_TURN_MAX) {
      send(next);
      sent++;
      isDue = requests.next(next);
    }
    // The end of the plan comes by its own timer: nothing may be due for a while before it.
    if (!isDue) return;
    if (sent === SENT_PER_TURN_MAX) setImmediate(turn);
    else setTimeout(turn, Math.max(1, next.atMs - nowMs));
  };
  return { start: turn, onAnswer: () => undefined };
}

export function closedLoop(parts: LoopParts, inFlight: number, clients: readonly number[]): Loop {
  const { requests, plan, elapsedMs, isOver, send } = parts;
  const next = emptyRequest();
  /** It is due when the one before it was answered. */
  const sendNow = (client: number): void => {
    const atMs = elapsedMs();
    const segment = plan.segments.findIndex(({ toMs }) => atMs < toMs);
    if (isOver() || segment < 0) return;
    next.atMs = atMs;
    next.segment = segment;
    requests.draw(next);
    // Not every lender is a borrower, too: then who was drawn asks,
    // and goes on when it is answered.
    if (client < requests.clientsOf(next.operation)) next.client = client;
    send(next);
  };
  return {
    start() {
      for (let nth = 0; nth < inFlight; nth++) for (const client of clients) sendNow(client);
    },
    onAnswer: sendNow,
  };
}
