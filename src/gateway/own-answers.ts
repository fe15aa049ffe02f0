// What the gateway answers itself, from what the runtime has at hand: no actor is asked.

import type { Command } from "../protocol/table.ts";
import type { Runtime } from "../runtime/port.ts";
import type { GatewayConfig } from "./config.ts";
import type { FrameSender } from "./frame-sender.ts";
import { previewOf, previewTokens } from "./schedule-preview.ts";
import type { Session } from "./session.ts";

/** The most loans that market.loans answers with: the table says 100. */
export const OPEN_LOANS_MAX = 100;

export type OwnCommand = Extract<
  Command,
  { type: "Ping" | "GetMarket" | "GetCalendar" | "PreviewSchedule" }
>;

export interface OwnAnswerParts {
  readonly runtime: Runtime;
  readonly config: GatewayConfig;
  readonly sender: FrameSender;
}

export function answerItself(
  { runtime, config, sender }: OwnAnswerParts,
  session: Session,
  id: number,
  command: OwnCommand,
  nowMs: number,
): void {
  if (command.type === "Ping") return sender.reply(session, "session.ping", id, "", { at: nowMs });
  // Of a server that has nothing yet, or was replaced, the rest would not be true.
  if (!runtime.isServing) {
    return sender.error(session, id, "unavailable", null, config.busyRetryAfterMs);
  }
  switch (command.type) {
    case "GetMarket": {
      const loanIds = runtime.openLoans(OPEN_LOANS_MAX);
      return sender.reply(session, "market.loans", id, "", { loanIds });
    }
    case "GetCalendar":
      return sender.reply(session, "calendar.get", id, "", { day: runtime.businessDay });
    case "PreviewSchedule": {
      // One token is taken already; what costs more is paid for, too.
      session.allowance!.charge(previewTokens(command) - 1, nowMs);
      const preview = previewOf(command, runtime.businessDay);
      if (preview.ok) return sender.reply(session, "schedule.preview", id, "", preview.view);
      return sender.error(session, id, preview.code, preview.detail);
    }
  }
}
