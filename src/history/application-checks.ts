// What must hold between accounts and applications when all journals have been read.

import type { Pending } from "./message-book.ts";
import type { World } from "./world.ts";

/**
 * What an account counts as open is a loan's open application of that borrower, and the reverse.
 */
export function checkApplications(world: World, inFlight: readonly Pending[]): void {
  const moving = new Set(inFlight.map(({ to, message }) => loanOf(to.id, message)));
  const over: readonly string[] = ["listed", "rejected", "withdrawn"];
  for (const { id, applications } of world.accounts.values()) {
    for (const loanId of applications.keys()) {
      const application = world.applications.get(loanId);
      const counts = application?.borrowerId === id && !over.includes(application.status);
      if (moving.has(loanId)) continue;
      world.findings.expect(
        counts,
        "application_uncounted",
        () => `${id} counts ${loanId}, which is ${application?.status ?? "not there"}`,
      );
    }
  }
  for (const { id, borrowerId, status } of world.applications.values()) {
    if (over.includes(status) || moving.has(id)) continue;
    world.findings.expect(
      world.accounts.get(borrowerId)?.applications.get(id) === "open",
      "application_uncounted",
      () => `${id} is ${status}, and ${borrowerId} does not count it`,
    );
  }
}

/** The loan that a message is about: named in it, or its receiver. */
function loanOf(receiverId: string, message: Pending["message"]): string {
  return "loanId" in message ? message.loanId : receiverId;
}
