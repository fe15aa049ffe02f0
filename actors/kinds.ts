// All kinds of actors that there are, by the number that the journal knows them by.

import { ACCOUNT_EVENT_LAYOUTS, ACCOUNT_MESSAGE_LAYOUTS } from "./account/layouts.ts";
import { ACTOR_KINDS } from "./address.ts";
import type { Layout } from "./field-table.ts";
import { LOAN_EVENT_LAYOUTS, LOAN_MESSAGE_LAYOUTS } from "./loan/layouts.ts";

export const ACTOR_LAYOUTS: Readonly<
  Record<number, { events: Record<string, Layout>; messages: Record<string, Layout> }>
> = {
  [ACTOR_KINDS.account]: { events: ACCOUNT_EVENT_LAYOUTS, messages: ACCOUNT_MESSAGE_LAYOUTS },
  [ACTOR_KINDS.loan]: { events: LOAN_EVENT_LAYOUTS, messages: LOAN_MESSAGE_LAYOUTS },
};
