// The first rungs of the ladder for every HTTP request with a token: drain, token, allowance. Each
// costs nothing that the next one would not have to pay for.

import type { ErrorCode } from "../protocol/errors.ts";
import type { Clock } from "../runtime/environment.ts";
import type { Admission } from "./admission.ts";
import type { Principal } from "./authenticator.ts";
import type { GatewayConfig } from "./config.ts";
import type { Connections } from "./connections.ts";
import type { GatewayCounters } from "./counters.ts";
import type { Intake } from "./intake.ts";

export interface HttpAdmissionParts {
  readonly config: GatewayConfig;
  readonly counters: GatewayCounters;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly connections: Connections;
  readonly intake: Intake;
}

export type HttpRefusal = {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly retryAfterMs: number | null;
};
export type HttpAdmission = { readonly ok: true; readonly principal: Principal } | HttpRefusal;

/** `token` is null when the request had none. The client may have gone when it resolves. */
export async function admitHttp(
  parts: HttpAdmissionParts,
  token: string | null,
): Promise<HttpAdmission> {
  const { admission, config, counters, intake, clock } = parts;
  if (intake.isDraining) return refusal("server_shutdown", config.reconnectAfterMs);
  if (token === null) return refusal("unauthenticated");
  if (admission.isBusy) return refusal("server_busy", config.busyRetryAfterMs);
  const verdict = await admission.verify(token);
  if (!verdict.ok) return refusal(verdict.code);
  const { principal } = verdict;
  const nowMs = clock.wallMs();
  const waitMs = admission.allowanceOf(principal, nowMs).take(nowMs);
  if (waitMs === 0) return { ok: true, principal };
  counters.requestsRateLimited++;
  return refusal("rate_limited", waitMs);
}

function refusal(code: ErrorCode, retryAfterMs: number | null = null): HttpRefusal {
  return { ok: false, code, retryAfterMs };
}
