// The one table of messages. Both subprotocols, the validators, the SDK's types and the AsyncAPI
// document come from it, so they cannot disagree. Positions of fields are the wire format of
// msgpack: fields are only ever added at the end, as optional ones.

export type FieldType =
  /** UUIDv7: text in JSON, 16 bytes (bin 8) in msgpack; RequestId in the program. */
  | "requestId"
  /** Account or loan id: 1 to 40 of letters, digits, `.`, `_`, `-`. */
  | "accountId"
  | "loanId"
  /** A positive integer of minor units, at most 10^12. */
  | "amountCents"
  /** An integer of minor units, zero or more. */
  | "cents"
  /** A whole number, 0 to 2^53-1. */
  | "count"
  /** Milliseconds since the epoch, UTC; 0 to 2^53-1. */
  | "timeMs"
  /** A business date: days since 1970-01-01. */
  | "day"
  /** Millionths, which may be negative: -1,000,000 to 2^53-1. In replies only. */
  | "ratePpm"
  /** 0 to 64 characters of printable text. */
  | "text"
  /** A SHA-256: 64 hexadecimal digits in lower case. */
  | "sha256"
  /** A compact JWT: 1 to 4,096 characters of ASCII. */
  | "token"
  | "flag"
  /** One of `choices`: the name in JSON, its index in msgpack. */
  | "choice"
  /** The name of an error: text in JSON, its number in msgpack. */
  | "errorCode"
  /** Lines of text, at most 4,000 characters (in replies only). */
  | "page"
  /** A list of loan ids (in replies only). */
  | "loanIds"
  /** A list of rows of `columns`, objects in JSON and arrays in msgpack (in replies only). */
  | "rows";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Null when left out; in msgpack nil, or the array ends before it. */
  readonly optional?: true;
  readonly choices?: readonly string[];
  /** Of rows: what each row has. Columns are added at the end only, and are no lists themselves. */
  readonly columns?: readonly Field[];
  /** Came to an operation that clients used already: left out, a request is what it was before. */
  readonly added?: true;
  readonly about: string;
}

/**
 * client: lends and borrows; operator: runs the market; reviewer: judges applications; auditor:
 * reads everything and changes nothing.
 */
export const ROLES = ["client", "operator", "reviewer", "auditor"] as const;
export type Role = (typeof ROLES)[number];

/** Whose business an operation is: what authorisation compares the principal with. */
type Subject =
  /** Anybody, even before authentication. */
  | "anybody"
  /** The account named in the message, else the client's own. */
  | "account"
  /** The client's own account, never another's. */
  | "self"
  /** Public to every authenticated principal. */
  | "market"
  /** The borrower's own application, for everybody else's it is absent; any for the staff. */
  | "application"
  /** The borrower's own application, through the door that stores documents: never a frame. */
  | "upload"
  /** Of reviewers; what changes nothing is shown to the rest of the staff as well. */
  | "review"
  /** Operators only. */
  | "operations";

export interface Operation {
  /** Number in msgpack, 1 to 127; the reply has the number plus 128. */
  readonly number: number;
  /** The command that it becomes in the program. */
  readonly command: string;
  readonly subject: Subject;
  readonly roles: readonly Role[];
  /** Mutating operations carry a requestId and have an effect at most once. */
  readonly mutates: boolean;
  /** The actor is told who asks: its command has `by`, the subject of the token. */
  readonly tellsWho?: true;
  readonly about: string;
  readonly fields: readonly Field[];
  readonly reply: readonly Field[];
}

const REQUEST_ID = {
  name: "requestId",
  type: "requestId",
  about: "UUIDv7 chosen by the client; the same id again returns the first outcome",
} as const satisfies Field;

const ACCOUNT_ID = {
  name: "accountId",
  type: "accountId",
  about: "the account",
} as const satisfies Field;
const LOAN_ID = { name: "loanId", type: "loanId", about: "the loan" } as const satisfies Field;

const OWN_ACCOUNT = {
  name: "accountId",
  type: "accountId",
  optional: true,
  about: "the account; left out: the client's own",
} as const satisfies Field;

const FILLS = ["exact", "upTo"] as const;
const LOAN_STATUSES = [
  "listed",
  "funded",
  "collecting",
  "collected",
  "expiring",
  "expired",
  "cancelling",
  "cancelled",
  "repaying",
  "defaulted",
  "written_off",
  "settled",
] as const;
export const ENTRY_KINDS = [
  "deposit",
  "hold_placed",
  "hold_released",
  "hold_posted",
  "disbursement",
  "repayment",
  "repayment_returned",
  "repayment_received",
  "withdrawal_held",
  "withdrawal_paid",
  "withdrawal_failed",
] as const;
const WITHDRAWAL_STATUSES = ["held", "paid", "failed"] as const;
const REPAYMENT_MODES = ["due", "early_full", "early_keep_term", "early_keep_instalment"] as const;
export const REPAYMENT_METHODS = [
  "equal_instalment",
  "equal_principal",
  "interest_only",
  "bullet",
  "bullet_days",
] as const;
export const APPLICATION_STATUSES = [
  "draft",
  "submitted",
  "proposed",
  "approved",
  "rejected",
  "signed",
  "withdrawn",
  "listed",
] as const;
export const STAFF_STAGES = ["submitted", "proposed", "signed"] as const;
const OVERDUE_BUCKETS = [
  "current",
  "days_1_30",
  "days_31_60",
  "days_61_90",
  "days_over_90",
] as const;
export const GRADES = ["A", "B", "C", "D", "E"] as const;
const VERDICTS = ["approve", "reject"] as const;
const JUDGEMENTS = ["confirm", "return"] as const;
export const MEDIA_TYPES = ["application/pdf", "image/jpeg", "image/png"] as const;
const OUTCOME_STATES = ["unknown", "pending", "done", "refused", "too_old"] as const;

const BALANCES = [
  { name: "availableCents", type: "cents", about: "money that may be used" },
  { name: "heldCents", type: "cents", about: "money reserved by holds" },
  { name: "entry", type: "count", about: "number of the account's last entry" },
] as const satisfies readonly Field[];

const ACCOUNT_VIEW = [
  ACCOUNT_ID,
  ...BALANCES,
  { name: "openBids", type: "count", about: "bids that are neither posted nor voided" },
] as const satisfies readonly Field[];

const LOAN_STATUS = {
  name: "status",
  type: "choice",
  choices: LOAN_STATUSES,
  about: "where the loan is in its life",
} as const satisfies Field;

const LOAN_VIEW = [
  LOAN_ID,
  LOAN_STATUS,
  { name: "borrowerId", type: "accountId", about: "whose loan it is" },
  { name: "principalCents", type: "cents", about: "what it wants" },
  {
    name: "raisedCents",
    type: "cents",
    about:
      "what standing bids sum to; of an expired loan, what they came to: their holds are voided",
  },
  {
    name: "remainingCents",
    type: "cents",
    about: "what it still wants; of an expired loan, what it lacked",
  },
  { name: "bids", type: "count", about: "standing bids; of an expired loan, those it had" },
  { name: "stepCents", type: "cents", about: "bids are multiples of it" },
  { name: "minBidCents", type: "cents", about: "the least bid" },
  { name: "lenderCapCents", type: "cents", optional: true, about: "the most of one lender" },
  { name: "opensAtMs", type: "timeMs", optional: true, about: "bids are taken from then on" },
  { name: "closesAtMs", type: "timeMs", about: "when it expires unless it is full" },
  { name: "cancellable", type: "flag", about: "whether bids can be cancelled" },
  { name: "seq", type: "count", about: "version of the loan; grows with each change" },
  {
    name: "method",
    type: "choice",
    choices: REPAYMENT_METHODS,
    optional: true,
    about: "how it is repaid",
  },
  { name: "term", type: "count", optional: true, about: "months, or days with bullet_days" },
  { name: "rateBps", type: "count", optional: true, about: "interest a year in basis points" },
  {
    name: "serviceFeeBps",
    type: "count",
    optional: true,
    about: "of interest and penalty that a lender receives",
  },
  {
    name: "outstandingCents",
    type: "cents",
    optional: true,
    about: "principal not yet repaid, once it is paid out",
  },
  { name: "owedCents", type: "cents", optional: true, about: "due and not paid, penalties too" },
  {
    name: "nextDueOn",
    type: "day",
    optional: true,
    about: "when the next instalment falls due; null when none does",
  },
  { name: "lateDays", type: "count", optional: true, about: "age of the oldest unpaid instalment" },
  { name: "clearings", type: "count", optional: true, about: "payments divided among lenders" },
  { name: "grade", type: "choice", choices: GRADES, optional: true, about: "the reviewers' grade" },
  {
    name: "overdue",
    type: "choice",
    choices: OVERDUE_BUCKETS,
    optional: true,
    about: "the class of lateDays, once it is paid out",
  },
  {
    name: "writtenOffCents",
    type: "cents",
    optional: true,
    about: "outstanding when it was written off; what is outstanding now is less by what came back",
  },
] as const satisfies readonly Field[];

const LISTING = [
  { name: "stepCents", type: "amountCents", about: "bids are multiples of it" },
  { name: "minBidCents", type: "amountCents", about: "the least bid" },
  { name: "closesAtMs", type: "timeMs", about: "when it expires unless it is full" },
  { name: "cancellable", type: "flag", about: "whether bids can be cancelled" },
  {
    name: "lenderCapCents",
    type: "amountCents",
    optional: true,
    about: "the most that one lender may lend",
  },
  { name: "opensAtMs", type: "timeMs", optional: true, about: "left out: opens at once" },
] as const satisfies readonly Field[];

const JUDGEMENT = [
  { name: "proposal", type: "count", about: "number of the proposal that was read" },
  { name: "answer", type: "choice", choices: JUDGEMENTS, about: "confirm or return" },
  { name: "reason", type: "text", optional: true, about: "why it is returned" },
] as const satisfies readonly Field[];

const LENDING_TERMS = [
  {
    name: "method",
    type: "choice",
    choices: REPAYMENT_METHODS,
    optional: true,
    added: true,
    about: "how it is repaid; left out: equal_instalment",
  },
  {
    name: "term",
    type: "count",
    optional: true,
    added: true,
    about: "months, or days with bullet_days; left out: 12",
  },
  {
    name: "rateBps",
    type: "count",
    optional: true,
    added: true,
    about: "interest a year in basis points; left out: 0",
  },
  {
    name: "basisDays",
    type: "count",
    optional: true,
    added: true,
    about: "year of bullet_days: 360, 364, 365, or 0 for actual; left out: 365",
  },
  {
    name: "originationFeeBps",
    type: "count",
    optional: true,
    added: true,
    about: "of the principal, kept from the disbursement; left out: 0",
  },
  {
    name: "serviceFeeBps",
    type: "count",
    optional: true,
    added: true,
    about: "of interest and penalty that a lender receives; left out: 0",
  },
  {
    name: "earlyFeeBps",
    type: "count",
    optional: true,
    added: true,
    about: "of principal repaid before it is due; left out: 0",
  },
  {
    name: "graceDays",
    type: "count",
    optional: true,
    added: true,
    about: "days past due that cost no penalty; left out: 0",
  },
  {
    name: "penaltyPpm",
    type: "count",
    optional: true,
    added: true,
    about: "of what is overdue, in millionths a day; left out: 0",
  },
  {
    name: "disbursesAtOnce",
    type: "flag",
    optional: true,
    added: true,
    about: "paid out as soon as it is full; left out: an operator confirms",
  },
] as const satisfies readonly Field[];

const ASKED = [
  { name: "amountCents", type: "amountCents", about: "how much, from 100.00 on" },
  { name: "purpose", type: "text", about: "what for" },
  { name: "method", type: "choice", choices: REPAYMENT_METHODS, about: "how it is repaid" },
  { name: "term", type: "count", about: "3 to 36 months, or 90 to 1,096 days with bullet_days" },
  { name: "rateBps", type: "count", about: "interest wanted, a year in basis points" },
] as const satisfies readonly Field[];

const REVIEWED = [
  { name: "rateBps", type: "count", optional: true, about: "interest a year in basis points" },
  {
    name: "basisDays",
    type: "count",
    optional: true,
    about: "year of bullet_days: 360, 364, 365, or 0 for actual",
  },
  { name: "originationFeeBps", type: "count", optional: true, about: "of the principal" },
  {
    name: "serviceFeeBps",
    type: "count",
    optional: true,
    about: "of interest and penalty that a lender receives",
  },
  { name: "earlyFeeBps", type: "count", optional: true, about: "of principal repaid early" },
  { name: "graceDays", type: "count", optional: true, about: "days past due without penalty" },
  {
    name: "penaltyPpm",
    type: "count",
    optional: true,
    about: "of what is overdue, in millionths a day",
  },
] as const satisfies readonly Field[];

const STATUS = {
  name: "status",
  type: "choice",
  choices: APPLICATION_STATUSES,
  about: "where the application is; listed: the loan takes bids, or did",
} as const satisfies Field;
const CONTRACT_HASH = {
  name: "contractHash",
  type: "sha256",
  about: "SHA-256 of the contract's text in UTF-8",
} as const satisfies Field;
const GRADE = {
  name: "grade",
  type: "choice",
  choices: GRADES,
  optional: true,
  about: "how safe the loan is",
} as const satisfies Field;
const DOCUMENT_NO = {
  name: "documentNo",
  type: "count",
  about: "number of the document, from 1",
} as const satisfies Field;
const DOCUMENT = [
  { name: "name", type: "text", about: "name of the file" },
  { name: "mediaType", type: "choice", choices: MEDIA_TYPES, about: "what is in it" },
  { name: "sizeBytes", type: "count", about: "how large it is" },
  { name: "documentHash", type: "sha256", about: "SHA-256 of its bytes" },
] as const satisfies readonly Field[];

const APPLICATION_VIEW = [
  LOAN_ID,
  STATUS,
  { name: "borrowerId", type: "accountId", about: "who applies" },
  { name: "amountCents", type: "cents", about: "how much" },
  { name: "purpose", type: "text", about: "what for" },
  { name: "method", type: "choice", choices: REPAYMENT_METHODS, about: "how it is repaid" },
  { name: "term", type: "count", about: "months, or days with bullet_days" },
  { name: "wantedRateBps", type: "count", about: "interest that the borrower wants" },
  { name: "documents", type: "count", about: "documents attached" },
  {
    name: "proposal",
    type: "count",
    optional: true,
    about: "number of the proposal that waits for a second person, or was confirmed",
  },
  {
    name: "verdict",
    type: "choice",
    choices: VERDICTS,
    optional: true,
    about: "what is proposed or confirmed; borrowers see it when it is confirmed",
  },
  GRADE,
  ...REVIEWED,
  { name: "reason", type: "text", optional: true, about: "why it is rejected" },
  { name: "maker", type: "accountId", optional: true, about: "who proposed; for the staff" },
  { name: "checker", type: "accountId", optional: true, about: "who confirmed; for the staff" },
  { ...CONTRACT_HASH, optional: true },
] as const satisfies readonly Field[];

const ENTRY = [
  { name: "entry", type: "count", about: "1, 2, 3 ... without a gap" },
  { name: "at", type: "timeMs", about: "when" },
  { name: "kind", type: "choice", choices: ENTRY_KINDS, about: "what moved from where to where" },
  { name: "amountCents", type: "cents", about: "what was moved" },
  { name: "availableCents", type: "cents", about: "available after it" },
  { name: "heldCents", type: "cents", about: "held after it" },
  { name: "loanId", type: "loanId", optional: true, about: "the loan it is about" },
  { name: "bidId", type: "count", optional: true, about: "the bid it is about" },
  { name: "principalCents", type: "cents", optional: true, about: "principal in a repayment" },
  { name: "interestCents", type: "cents", optional: true, about: "interest in a repayment" },
  { name: "penaltyCents", type: "cents", optional: true, about: "penalties in a repayment" },
  { name: "feeCents", type: "cents", optional: true, about: "service fee taken from it" },
  { name: "clearing", type: "count", optional: true, about: "the loan's number of the clearing" },
  { name: "instalment", type: "count", optional: true, about: "the first instalment it settles" },
  { name: "withdrawal", type: "count", optional: true, about: "the withdrawal it is about" },
] as const satisfies readonly Field[];

const REPAID = [
  { name: "clearing", type: "count", about: "the loan's number of the clearing" },
  { name: "principalCents", type: "cents", about: "principal repaid" },
  { name: "interestCents", type: "cents", about: "interest paid" },
  { name: "penaltyCents", type: "cents", about: "penalties paid" },
  { name: "feeCents", type: "cents", about: "the fee for repaying early" },
  { name: "returnedCents", type: "cents", about: "what was not needed, back in available" },
] as const satisfies readonly Field[];

const FROM_LOAN = {
  name: "from",
  type: "count",
  optional: true,
  about: "passes over so many loans; left out: 0",
} as const satisfies Field;

const POSITION = [
  { name: "loanId", type: "loanId", about: "the loan" },
  { name: "lentCents", type: "cents", about: "lent" },
  { name: "repaidCents", type: "cents", about: "principal that came back" },
  { name: "receivedCents", type: "cents", about: "interest and penalties, before the fee" },
  { name: "feesCents", type: "cents", about: "service fees taken from that" },
] as const satisfies readonly Field[];

const CLEARING = {
  name: "clearing",
  type: "count",
  about: "the loan's number of the clearing",
} as const satisfies Field;

const RECEIPT = [
  LOAN_ID,
  CLEARING,
  { name: "paidOn", type: "day", about: "the business date that it counts for" },
  { name: "k", type: "count", about: "the first instalment that it settles a part of" },
  { name: "amountCents", type: "cents", about: "what was paid: all legs, and the early fee" },
  { name: "principalCents", type: "cents", about: "principal in it" },
  { name: "interestCents", type: "cents", about: "interest in it" },
  { name: "penaltyCents", type: "cents", about: "penalties in it" },
  { name: "feeCents", type: "cents", about: "the fee for repaying early: in no leg" },
  { name: "legs", type: "count", about: "lenders, each with a leg, be it of nothing" },
  {
    name: "legsCents",
    type: "cents",
    about: "what the legs sum to: principal, interest, penalties",
  },
  { name: "root", type: "sha256", about: "commits to every leg, their number and their sum" },
] as const satisfies readonly Field[];

const PATH = [
  ...RECEIPT,
  { name: "accountId", type: "accountId", about: "the lender" },
  { name: "index", type: "count", about: "place among the lenders, from 0" },
  { name: "ownCents", type: "cents", about: "what reached the account, net of the service fee" },
  { name: "ownPrincipalCents", type: "cents", about: "principal in the leg" },
  { name: "ownInterestCents", type: "cents", about: "interest in the leg" },
  { name: "ownPenaltyCents", type: "cents", about: "penalties in the leg" },
  { name: "ownFeeCents", type: "cents", about: "service fee taken from the leg" },
  {
    name: "path",
    type: "rows",
    about: "neighbours of the leg's leaf and of the nodes above it, lowest first",
    columns: [
      { name: "hash", type: "sha256", about: "hash of the neighbour" },
      { name: "sumCents", type: "cents", about: "what the legs below it sum to" },
    ],
  },
] as const satisfies readonly Field[];

export const OPERATIONS = {
  "session.authenticate": {
    number: 1,
    command: "Authenticate",
    subject: "anybody",
    roles: ROLES,
    mutates: false,
    about: "Presents a token as the first message, or a newer one before the old expires.",
    fields: [{ name: "token", type: "token", about: "a signed JWT" }],
    reply: [
      { name: "subject", type: "accountId", about: "who the token speaks for" },
      { name: "role", type: "choice", choices: ROLES, about: "what it may do" },
      { name: "expiresAtMs", type: "timeMs", about: "when the session ends without a newer token" },
    ],
  },
  "session.ping": {
    number: 2,
    command: "Ping",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "Answers at once; keeps a quiet connection open and shows the server's time.",
    fields: [],
    reply: [{ name: "at", type: "timeMs", about: "the server's time" }],
  },
  "account.open": {
    number: 10,
    command: "OpenAccount",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about: "Opens a client's money account.",
    fields: [REQUEST_ID, ACCOUNT_ID],
    reply: [],
  },
  "account.deposit": {
    number: 11,
    command: "Deposit",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about:
      "Books money that the custodian has received for a client: once for each of its references, " +
      "whether an operator or the custodian itself tells.",
    fields: [
      REQUEST_ID,
      ACCOUNT_ID,
      { name: "amountCents", type: "amountCents", about: "how much" },
      {
        name: "reference",
        type: "text",
        about: "the custodian's reference of the payment; empty: none",
      },
    ],
    reply: BALANCES,
  },
  "account.get": {
    number: 12,
    command: "GetAccount",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about: "Balances of an account.",
    fields: [OWN_ACCOUNT],
    reply: ACCOUNT_VIEW,
  },
  "account.watch": {
    number: 13,
    command: "WatchAccount",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about:
      "Subscribes to the account's entries. The reply is a snapshot; every later entry follows. " +
      "With `after`, entries after that number follow the snapshot first; `resumed` is false when " +
      "they are no longer kept, and the client must take the snapshot as its new start. With " +
      "`receipts`, a push clearing.receipt follows some time after each repayment that is received.",
    fields: [
      OWN_ACCOUNT,
      { name: "after", type: "count", optional: true, about: "last entry that the client has" },
      {
        name: "receipts",
        type: "flag",
        optional: true,
        added: true,
        about: "each repayment received is followed by its receipt, until it is unwatched",
      },
    ],
    reply: [
      ...ACCOUNT_VIEW,
      { name: "resumed", type: "flag", about: "whether all entries after `after` follow" },
    ],
  },
  "account.unwatch": {
    number: 14,
    command: "UnwatchAccount",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about: "Ends a subscription to an account.",
    fields: [OWN_ACCOUNT],
    reply: [],
  },
  "account.withdraw": {
    number: 15,
    command: "Withdraw",
    subject: "self",
    roles: ["client"],
    mutates: true,
    about:
      "Pays the client's own money out to its bank account. The answer says that the money is " +
      "reserved and will be sent; entries, or account.withdrawal, tell how it ended.",
    fields: [
      REQUEST_ID,
      { name: "amountCents", type: "amountCents", about: "how much" },
      { name: "beneficiary", type: "text", about: "the bank account, as the custodian names it" },
    ],
    reply: [
      { name: "withdrawal", type: "count", about: "the account's number of the withdrawal" },
      ...BALANCES,
    ],
  },
  "account.withdrawal": {
    number: 16,
    command: "GetWithdrawal",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about: "Where a withdrawal of an account is, however long ago it was.",
    fields: [
      { name: "withdrawal", type: "count", about: "the account's number of the withdrawal" },
      OWN_ACCOUNT,
    ],
    reply: [
      { name: "withdrawal", type: "count", about: "the account's number of the withdrawal" },
      {
        name: "status",
        type: "choice",
        choices: WITHDRAWAL_STATUSES,
        about: "held: being sent, or sent and not confirmed; paid; failed: the money is back",
      },
      { name: "amountCents", type: "cents", about: "how much" },
      { name: "reference", type: "text", about: "its name at the custodian" },
      { name: "heldAtMs", type: "timeMs", about: "when it was asked for" },
      { name: "settledAtMs", type: "timeMs", optional: true, about: "when it was known to end" },
      {
        name: "reason",
        type: "text",
        optional: true,
        about: "why the custodian did not pay; kept of the last 64 that failed",
      },
    ],
  },
  "bid.place": {
    number: 20,
    command: "PlaceBid",
    subject: "self",
    roles: ["client"],
    mutates: true,
    about: "Bids on a listed loan with the client's own money.",
    fields: [
      REQUEST_ID,
      LOAN_ID,
      { name: "amountCents", type: "amountCents", about: "how much" },
      {
        name: "fill",
        type: "choice",
        choices: FILLS,
        about: "exact: all or nothing; upTo: shrinks to what the loan still wants",
      },
      {
        name: "minCents",
        type: "amountCents",
        optional: true,
        about: "with upTo only, at most amountCents: refuse rather than fill less than this",
      },
    ],
    reply: [
      { name: "bidId", type: "count", about: "the account's number for this bid" },
      { name: "filledCents", type: "cents", about: "what the loan took" },
      { name: "rank", type: "count", about: "place in the order of the loan's bids, from 1" },
      { name: "remainingCents", type: "cents", about: "what the loan wanted after this bid" },
    ],
  },
  "bid.cancel": {
    number: 21,
    command: "CancelBid",
    subject: "self",
    roles: ["client"],
    mutates: true,
    about: "Withdraws a bid from a loan that is not full, if the listing allows it.",
    fields: [
      REQUEST_ID,
      { name: "bidId", type: "count", about: "the account's number of the bid" },
    ],
    reply: [
      { name: "bidId", type: "count", about: "the bid" },
      { name: "releasedCents", type: "cents", about: "money back from held to available" },
    ],
  },
  "request.outcome": {
    number: 22,
    command: "GetOutcome",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about: "What a request of an account came to: there is no unknown state.",
    fields: [REQUEST_ID, OWN_ACCOUNT],
    reply: [
      { name: "state", type: "choice", choices: OUTCOME_STATES, about: "where the request is" },
      { name: "code", type: "errorCode", optional: true, about: "why it was refused" },
      {
        name: "bidId",
        type: "count",
        optional: true,
        about: "the bid that it placed or cancelled",
      },
      { name: "filledCents", type: "cents", optional: true, about: "what the loan took" },
      { name: "rank", type: "count", optional: true, about: "place among the loan's bids" },
      { name: "remainingCents", type: "cents", optional: true, about: "what the loan wanted then" },
      { name: "releasedCents", type: "cents", optional: true, about: "money released by a cancel" },
      { name: "clearing", type: "count", optional: true, about: "the clearing of a repayment" },
      { name: "withdrawal", type: "count", optional: true, about: "the withdrawal it began" },
    ],
  },
  "loan.list": {
    number: 30,
    command: "ListLoan",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about: "Lists a loan: from its opening to its deadline it takes bids.",
    fields: [
      REQUEST_ID,
      LOAN_ID,
      { name: "borrowerId", type: "accountId", about: "whose loan it is" },
      { name: "principalCents", type: "amountCents", about: "what it wants" },
      ...LISTING,
      ...LENDING_TERMS,
    ],
    reply: [{ name: "principalCents", type: "cents", about: "what it wants" }],
  },
  "loan.confirm": {
    number: 31,
    command: "ConfirmLoan",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about: "Confirms a funded loan: every hold is posted to the loan's clearing account.",
    fields: [REQUEST_ID, LOAN_ID],
    reply: [
      { name: "raisedCents", type: "cents", about: "what is being collected" },
      { name: "bids", type: "count", about: "from how many bids" },
    ],
  },
  "loan.cancel": {
    number: 29,
    command: "CancelLoan",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about:
      "Ends a loan that takes bids or is full, before any money is collected, with the reason: " +
      "every hold is voided.",
    fields: [REQUEST_ID, LOAN_ID, { name: "reason", type: "text", about: "why" }],
    reply: [{ name: "bids", type: "count", about: "bids whose holds are voided" }],
  },
  "loan.get": {
    number: 32,
    command: "GetLoan",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "A loan as the market sees it.",
    fields: [LOAN_ID],
    reply: LOAN_VIEW,
  },
  "loan.watch": {
    number: 33,
    command: "WatchLoan",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "Subscribes to a loan's progress: the reply is a snapshot, conflated changes follow.",
    fields: [LOAN_ID],
    reply: LOAN_VIEW,
  },
  "loan.unwatch": {
    number: 34,
    command: "UnwatchLoan",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "Ends a subscription to a loan.",
    fields: [LOAN_ID],
    reply: [],
  },
  "loan.repay": {
    number: 36,
    command: "RepayLoan",
    subject: "self",
    roles: ["client"],
    mutates: true,
    about:
      "Repays the client's own loan from available money: what is owed now, all of it or a part; " +
      "or early, in full or in part. A part is 0.10 for each lender at least, and 100.00 before it is " +
      "due. The answer comes when the payment is divided among all lenders.",
    fields: [
      REQUEST_ID,
      LOAN_ID,
      { name: "amountCents", type: "amountCents", about: "how much; early_full returns the rest" },
      {
        name: "mode",
        type: "choice",
        choices: REPAYMENT_MODES,
        about:
          "due: what is owed now; early_full: everything; early_keep_term: a part, smaller " +
          "instalments after it; early_keep_instalment: a part, fewer instalments after it",
      },
    ],
    reply: REPAID,
  },
  "writeoff.propose": {
    number: 37,
    command: "ProposeWriteOff",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about:
      "The first of two: proposes to write off a loan in default, with the reason. The debt stays, " +
      "and what comes back of it is divided among the lenders as before.",
    fields: [REQUEST_ID, LOAN_ID, { name: "reason", type: "text", about: "why" }],
    reply: [{ name: "proposal", type: "count", about: "number of the proposal" }],
  },
  "writeoff.decide": {
    number: 38,
    command: "DecideWriteOff",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about:
      "The second of two, never the one who proposed: confirms the proposal of this number, or " +
      "returns it, so that another can be made.",
    fields: [REQUEST_ID, LOAN_ID, ...JUDGEMENT],
    reply: [LOAN_STATUS],
  },
  "writeoff.get": {
    number: 39,
    command: "GetWriteOff",
    subject: "operations",
    roles: ["operator", "auditor"],
    mutates: false,
    about: "Who proposed to write a loan off and why, who confirmed it, and what came back since.",
    fields: [LOAN_ID],
    reply: [
      LOAN_ID,
      LOAN_STATUS,
      {
        name: "proposal",
        type: "count",
        optional: true,
        about: "the proposal that waits or was confirmed; left out, with the rest: there is none",
      },
      { name: "maker", type: "accountId", optional: true, about: "who proposed" },
      { name: "reason", type: "text", optional: true, about: "why" },
      { name: "checker", type: "accountId", optional: true, about: "who confirmed" },
      { name: "writtenOffOn", type: "day", optional: true, about: "the business date" },
      { name: "writtenOffCents", type: "cents", optional: true, about: "outstanding then" },
      { name: "recoveredCents", type: "cents", optional: true, about: "principal back since" },
    ],
  },
  "calendar.get": {
    number: 60,
    command: "GetCalendar",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "The business date that the server is at.",
    fields: [],
    reply: [{ name: "day", type: "day", about: "the business date" }],
  },
  "calendar.advance": {
    number: 61,
    command: "AdvanceCalendar",
    subject: "operations",
    roles: ["operator"],
    mutates: false,
    about:
      "Closes business dates up to this one, each when all that it brought is done: instalments " +
      "collected, penalties accrued. A date that has begun already changes nothing, so it is safe " +
      "to send again. Answered when the last one is durable.",
    fields: [{ name: "day", type: "day", about: "the business date to begin" }],
    reply: [{ name: "day", type: "day", about: "the business date that the server is at" }],
  },
  "market.loans": {
    number: 35,
    command: "GetMarket",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about: "The loans that take bids now or will, soonest deadline first, at most 100.",
    fields: [],
    reply: [{ name: "loanIds", type: "loanIds", about: "soonest deadline first" }],
  },
  "application.create": {
    number: 40,
    command: "CreateApplication",
    subject: "self",
    roles: ["client"],
    mutates: true,
    about:
      "Applies for a loan: a draft of this name, which its borrower may change until it is " +
      "submitted. At most 20 applications of an account are open.",
    fields: [REQUEST_ID, LOAN_ID, ...ASKED],
    reply: [STATUS],
  },
  "application.update": {
    number: 41,
    command: "UpdateApplication",
    subject: "application",
    roles: ["client"],
    mutates: true,
    tellsWho: true,
    about: "Changes a draft: what it says now is all that counts.",
    fields: [REQUEST_ID, LOAN_ID, ...ASKED],
    reply: [STATUS],
  },
  "application.attach": {
    number: 42,
    command: "AttachDocument",
    subject: "upload",
    roles: ["client"],
    mutates: true,
    tellsWho: true,
    about:
      "A document of a draft or of what was submitted, at most 20. The server's upload door says " +
      "this when it has stored the bytes; as a frame of a client it is forbidden.",
    fields: [REQUEST_ID, LOAN_ID, ...DOCUMENT],
    reply: [DOCUMENT_NO],
  },
  "application.submit": {
    number: 43,
    command: "SubmitApplication",
    subject: "application",
    roles: ["client"],
    mutates: true,
    tellsWho: true,
    about: "Hands a draft in for review.",
    fields: [REQUEST_ID, LOAN_ID],
    reply: [STATUS],
  },
  "application.withdraw": {
    number: 44,
    command: "WithdrawApplication",
    subject: "application",
    roles: ["client"],
    mutates: true,
    tellsWho: true,
    about: "Withdraws an application at any time before it is listed or rejected.",
    fields: [REQUEST_ID, LOAN_ID],
    reply: [STATUS],
  },
  "application.get": {
    number: 45,
    command: "GetApplication",
    subject: "application",
    roles: ROLES,
    mutates: false,
    about: "An application: for its borrower what was decided, for the staff also by whom.",
    fields: [LOAN_ID],
    reply: APPLICATION_VIEW,
  },
  "application.propose": {
    number: 46,
    command: "ProposeReview",
    subject: "review",
    roles: ["reviewer"],
    mutates: true,
    tellsWho: true,
    about:
      "The first of two: proposes to approve what was submitted with a grade and a rate (fees, " +
      "grace and penalty left out: 0, basis left out: 365), or to reject it with a reason.",
    fields: [
      REQUEST_ID,
      LOAN_ID,
      { name: "verdict", type: "choice", choices: VERDICTS, about: "approve or reject" },
      GRADE,
      ...REVIEWED,
      { name: "reason", type: "text", optional: true, about: "why it is rejected" },
    ],
    reply: [{ name: "proposal", type: "count", about: "number of the proposal" }],
  },
  "application.decide": {
    number: 47,
    command: "DecideReview",
    subject: "review",
    roles: ["reviewer"],
    mutates: true,
    tellsWho: true,
    about:
      "The second of two, never the one who proposed: confirms the proposal of this number, or " +
      "returns it, so that another can be made.",
    fields: [REQUEST_ID, LOAN_ID, ...JUDGEMENT],
    reply: [STATUS],
  },
  "contract.get": {
    number: 48,
    command: "GetContract",
    subject: "application",
    roles: ROLES,
    mutates: false,
    about: "The contract of an approved loan: its text, and the hash that the borrower signs.",
    fields: [LOAN_ID],
    reply: [
      LOAN_ID,
      { name: "contractVersion", type: "count", about: "version of the wording" },
      CONTRACT_HASH,
      { name: "contract", type: "page", about: "the text" },
    ],
  },
  "contract.sign": {
    number: 49,
    command: "SignContract",
    subject: "application",
    roles: ["client"],
    mutates: true,
    tellsWho: true,
    about: "The borrower signs the contract by its hash.",
    fields: [REQUEST_ID, LOAN_ID, CONTRACT_HASH],
    reply: [STATUS],
  },
  "loan.publish": {
    number: 50,
    command: "PublishLoan",
    subject: "operations",
    roles: ["operator"],
    mutates: true,
    tellsWho: true,
    about: "Lists a signed loan on the terms that were approved: it takes bids.",
    fields: [
      REQUEST_ID,
      LOAN_ID,
      ...LISTING,
      {
        name: "disbursesAtOnce",
        type: "flag",
        optional: true,
        about: "paid out as soon as it is full; left out: an operator confirms",
      },
    ],
    reply: [{ name: "principalCents", type: "cents", about: "what it wants" }],
  },
  "application.list": {
    number: 51,
    command: "ListApplications",
    subject: "account",
    roles: ROLES,
    mutates: false,
    about: "The open applications of an account: neither listed, rejected nor withdrawn.",
    fields: [OWN_ACCOUNT],
    reply: [{ name: "loanIds", type: "loanIds", about: "oldest first" }],
  },
  "application.queue": {
    number: 53,
    command: "GetApplicationQueue",
    subject: "review",
    roles: ["reviewer", "operator", "auditor"],
    mutates: false,
    about:
      "The applications that wait for the staff, the oldest 100: submitted for a proposal, proposed for a " +
      "second person, signed for their listing.",
    fields: [
      {
        name: "stage",
        type: "choice",
        choices: STAFF_STAGES,
        optional: true,
        about: "those of this stage alone; left out: all",
      },
    ],
    reply: [
      { name: "submitted", type: "count", about: "how many wait for a proposal" },
      { name: "proposed", type: "count", about: "how many wait for a second person" },
      { name: "signed", type: "count", about: "how many wait for their listing" },
      {
        name: "applications",
        type: "rows",
        about: "oldest first",
        columns: [
          LOAN_ID,
          { name: "stage", type: "choice", choices: STAFF_STAGES, about: "what it waits for" },
          { name: "sinceMs", type: "timeMs", about: "since when" },
        ],
      },
    ],
  },
  "application.document": {
    number: 52,
    command: "GetDocument",
    subject: "application",
    roles: ROLES,
    mutates: false,
    about: "What is known of a document of an application.",
    fields: [LOAN_ID, DOCUMENT_NO],
    reply: [LOAN_ID, DOCUMENT_NO, ...DOCUMENT],
  },
  "schedule.preview": {
    number: 80,
    command: "PreviewSchedule",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about:
      "What a loan on these terms would be repaid by. With `paymentCents`, for equal instalments, the " +
      "one of principal, rate and term that is left out is found: the largest principal, the lowest " +
      "rate or the fewest months whose instalment is within the payment.",
    fields: [
      { name: "principalCents", type: "amountCents", optional: true, about: "what is lent" },
      { name: "rateBps", type: "count", optional: true, about: "interest a year in basis points" },
      { name: "term", type: "count", optional: true, about: "months, or days with bullet_days" },
      {
        name: "method",
        type: "choice",
        choices: REPAYMENT_METHODS,
        optional: true,
        about: "how it is repaid; left out: equal_instalment",
      },
      {
        name: "startOn",
        type: "day",
        optional: true,
        about: "the day of disbursement; left out: the server's business date",
      },
      {
        name: "basisDays",
        type: "count",
        optional: true,
        about: "year of bullet_days: 360, 364, 365, or 0 for actual; left out: 365",
      },
      {
        name: "paymentCents",
        type: "amountCents",
        optional: true,
        about: "what can be paid each month",
      },
    ],
    reply: [
      { name: "principalCents", type: "cents", about: "what is lent" },
      { name: "rateBps", type: "count", about: "interest a year in basis points" },
      { name: "term", type: "count", about: "months, or days with bullet_days" },
      { name: "interestCents", type: "cents", about: "all interest" },
      { name: "totalCents", type: "cents", about: "all that is paid back" },
      {
        name: "instalments",
        type: "rows",
        about: "one for each instalment",
        columns: [
          { name: "k", type: "count", about: "1, 2, 3 ..." },
          { name: "dueOn", type: "day", about: "when it falls due" },
          { name: "principalCents", type: "cents", about: "principal in it" },
          { name: "interestCents", type: "cents", about: "interest in it" },
        ],
      },
    ],
  },
  "loan.schedule": {
    number: 81,
    command: "GetLoanSchedule",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about:
      "How a loan stands: what is still to pay of each instalment by the present plan, and what was " +
      "paid, one row for each clearing. Before it is paid out there is neither.",
    fields: [
      LOAN_ID,
      {
        name: "after",
        type: "count",
        optional: true,
        about: "clearings after this one; left out: the last ones",
      },
    ],
    reply: [
      LOAN_ID,
      { name: "principalCents", type: "cents", about: "what it was lent" },
      { name: "outstandingCents", type: "cents", about: "principal not yet repaid" },
      { name: "owedCents", type: "cents", about: "due and not paid, penalties too" },
      { name: "lateDays", type: "count", about: "age of the oldest unpaid instalment" },
      {
        name: "instalments",
        type: "rows",
        about: "still to pay, those that are due first; of a settled loan none",
        columns: [
          { name: "k", type: "count", about: "number in the signed schedule" },
          { name: "dueOn", type: "day", about: "when it falls due, or fell" },
          { name: "isDue", type: "flag", about: "whether it is due, and so owed now" },
          { name: "principalCents", type: "cents", about: "principal still to pay" },
          { name: "interestCents", type: "cents", about: "interest still to pay" },
          { name: "penaltyCents", type: "cents", about: "penalties still to pay" },
        ],
      },
      { name: "clearings", type: "count", about: "payments ever divided among the lenders" },
      {
        name: "payments",
        type: "rows",
        about: "what was paid, oldest first",
        columns: [
          { name: "clearing", type: "count", about: "number of the clearing" },
          { name: "paidOn", type: "day", about: "the business date that it counts for" },
          { name: "k", type: "count", about: "the first instalment that it settles a part of" },
          { name: "principalCents", type: "cents", about: "principal repaid" },
          { name: "interestCents", type: "cents", about: "interest paid" },
          { name: "penaltyCents", type: "cents", about: "penalties paid" },
          { name: "feeCents", type: "cents", about: "the fee for repaying early" },
        ],
      },
    ],
  },
  "clearing.get": {
    number: 82,
    command: "GetClearing",
    subject: "market",
    roles: ROLES,
    mutates: false,
    about:
      "The receipt of a clearing: what was paid, and a root that commits to the leg of every lender " +
      "and to what all legs sum to. It is the same for everybody who asks.",
    fields: [LOAN_ID, CLEARING],
    reply: RECEIPT,
  },
  "clearing.path": {
    number: 83,
    command: "GetClearingPath",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about:
      "A lender's leg of a clearing with its Merkle path: that the leg is in it, and that all legs sum " +
      "to the payment, can be checked by whoever has the root (`verifyReceipt` of the SDK; the form " +
      "of leaves and nodes is in src/hash/README.md).",
    fields: [LOAN_ID, CLEARING, OWN_ACCOUNT],
    reply: PATH,
  },
  "account.returns": {
    number: 85,
    command: "GetReturns",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about:
      "What an account earns with what it lent, as of now: a row for each loan, at most 100, and their " +
      "sum. What accrues is reckoned by days from the last due date, with `seconds` to the second. " +
      "`xirrPpm` is the annualised return (XIRR) of what was lent and what came back net of fees, with " +
      "what is outstanding and accrued counted as if it came today; null where there is none, as on " +
      "the day of disbursement.",
    fields: [
      OWN_ACCOUNT,
      FROM_LOAN,
      {
        name: "seconds",
        type: "flag",
        optional: true,
        about: "accrue to the second of the server's clock; left out: by whole days",
      },
    ],
    reply: [
      ACCOUNT_ID,
      { name: "day", type: "day", about: "the business date that it is reckoned for" },
      { name: "loans", type: "count", about: "loans that the account ever lent to" },
      { name: "lentCents", type: "cents", about: "lent, over all loans" },
      { name: "repaidCents", type: "cents", about: "principal that came back, over all loans" },
      { name: "receivedCents", type: "cents", about: "interest and penalties, over all loans" },
      { name: "feesCents", type: "cents", about: "service fees taken from that" },
      { name: "outstandingCents", type: "cents", about: "lent and not come back, over all loans" },
      { name: "accruedCents", type: "cents", about: "interest accrued, over the rows" },
      { name: "dueCents", type: "cents", about: "interest and penalties due, over the rows" },
      { name: "expectedCents", type: "cents", about: "interest planned, over the rows" },
      { name: "xirrPpm", type: "ratePpm", optional: true, about: "return a year, over the rows" },
      {
        name: "returns",
        type: "rows",
        about: "loans from `from` on, in the order in which they were first lent to",
        columns: [
          ...POSITION,
          { name: "status", type: "choice", choices: LOAN_STATUSES, about: "of the loan" },
          { name: "outstandingCents", type: "cents", about: "lent and not come back" },
          {
            name: "accruedCents",
            type: "cents",
            about: "interest accrued since the last due date",
          },
          { name: "dueCents", type: "cents", about: "interest and penalties due and not paid" },
          {
            name: "expectedCents",
            type: "cents",
            about: "interest of instalments to come, what has accrued included",
          },
          { name: "xirrPpm", type: "ratePpm", optional: true, about: "return a year" },
        ],
      },
    ],
  },
  "account.positions": {
    number: 84,
    command: "GetPositions",
    subject: "account",
    roles: ["client", "operator", "auditor"],
    mutates: false,
    about: "What an account has lent: a row for each loan, and the sums over all of them.",
    fields: [OWN_ACCOUNT, FROM_LOAN],
    reply: [
      ACCOUNT_ID,
      { name: "loans", type: "count", about: "loans that it ever lent to" },
      { name: "lentCents", type: "cents", about: "lent, over all loans" },
      { name: "repaidCents", type: "cents", about: "principal that came back, over all loans" },
      { name: "receivedCents", type: "cents", about: "interest and penalties, over all loans" },
      { name: "feesCents", type: "cents", about: "service fees taken from that" },
      {
        name: "positions",
        type: "rows",
        about: "loans from `from` on, in the order in which they were first lent to",
        columns: POSITION,
      },
    ],
  },
  "books.get": {
    number: 86,
    command: "GetBooks",
    subject: "operations",
    roles: ["operator", "auditor"],
    mutates: false,
    about:
      "The trial balance: what every ledger code comes to, in every shard. The cash book holds money, " +
      "the memo book claims against debts; each is in balance when its debits are its credits. With " +
      "`day`, as that business date was closed; some two months are kept.",
    fields: [{ name: "day", type: "day", optional: true, about: "a closed day; left out: now" }],
    reply: [
      { name: "day", type: "day", about: "the business date of these books" },
      { name: "isClosed", type: "flag", about: "whether that day is closed" },
      { name: "cashDebitCents", type: "cents", about: "debits of the cash book" },
      { name: "cashCreditCents", type: "cents", about: "credits of the cash book" },
      { name: "memoDebitCents", type: "cents", about: "debits of the memo book" },
      { name: "memoCreditCents", type: "cents", about: "credits of the memo book" },
      { name: "differenceCents", type: "cents", about: "0, or the books do not balance" },
      {
        name: "inTransitCents",
        type: "cents",
        about: "under way between actors; 0 at rest",
      },
      {
        name: "totals",
        type: "rows",
        about: "by code; by shard too, as long as the rows suffice for that. Zeros are left out",
        columns: [
          { name: "code", type: "text", about: "the ledger code" },
          { name: "isMemo", type: "flag", about: "whether it is of the memo book" },
          { name: "shard", type: "count", optional: true, about: "null: of all shards" },
          { name: "debitCents", type: "cents", about: "its balance, when that is a debit" },
          { name: "creditCents", type: "cents", about: "its balance, when that is a credit" },
        ],
      },
      {
        name: "closings",
        type: "rows",
        about: "closed days that are kept, oldest first",
        columns: [
          { name: "day", type: "day", about: "the business date" },
          { name: "cashCents", type: "cents", about: "debits of the cash book at its close" },
          { name: "memoCents", type: "cents", about: "debits of the memo book at its close" },
          { name: "differenceCents", type: "cents", about: "0, or the books did not balance" },
        ],
      },
    ],
  },
} as const satisfies Record<string, Operation>;

export interface Push {
  /** Number in msgpack, apart from those of replies. */
  readonly number: number;
  readonly about: string;
  readonly fields: readonly Field[];
}

/** What the server sends unasked. */
export const PUSHES = {
  "account.entry": {
    number: 1,
    about: "An entry of a watched account: money moved, and this is the balance after it.",
    fields: [ACCOUNT_ID, ...ENTRY],
  },
  "loan.progress": {
    number: 2,
    about: "A watched loan changed; at most some ten times a second for each loan.",
    fields: LOAN_VIEW,
  },
  "clearing.receipt": {
    number: 4,
    about:
      "Behind an entry of a watched account that asked for receipts: the leg that the entry is, with " +
      "its Merkle path, as clearing.path answers it. Entries do not wait for it.",
    fields: [
      { name: "entry", type: "count", about: "the account's entry that it is the receipt of" },
      ...PATH,
    ],
  },
  "server.shutdown": {
    number: 3,
    about: "The server stops: what was accepted is answered, then the connection closes (1012).",
    fields: [
      { name: "reconnectAfterMs", type: "count", about: "wait at least this long" },
      { name: "url", type: "text", optional: true, about: "where to connect instead" },
    ],
  },
} as const satisfies Record<string, Push>;

export type OperationName = keyof typeof OPERATIONS;
export type PushName = keyof typeof PUSHES;

// ---------------------------------------------------------------- types from the table

import type { AccountId, LoanId, RequestId } from "../../actors/address.ts";
import type { ErrorCode } from "./errors.ts";

type ValueOf<F extends Field> = F["type"] extends "requestId"
  ? RequestId
  : F["type"] extends "accountId"
    ? AccountId
    : F["type"] extends "loanId"
      ? LoanId
      : F["type"] extends "amountCents" | "cents" | "count" | "timeMs" | "day" | "ratePpm"
        ? number
        : F["type"] extends "text" | "token" | "sha256" | "page"
          ? string
          : F["type"] extends "flag"
            ? boolean
            : F["type"] extends "errorCode"
              ? ErrorCode
              : F["type"] extends "loanIds"
                ? readonly LoanId[]
                : F["columns"] extends readonly Field[]
                  ? readonly ObjectOf<F["columns"]>[]
                  : F["choices"] extends readonly (infer Choice)[]
                    ? Choice
                    : never;

/** Fields by name; an optional one that was left out is null. */
export type ObjectOf<Fields extends readonly Field[]> = {
  readonly [F in Fields[number] as F["name"]]: F["optional"] extends true
    ? ValueOf<F> | null
    : ValueOf<F>;
};

/**
 * A decoded request: `type` is the operation's command. Mutating ones also have the `fingerprint`
 * of their fields (32 bits, the same for both encodings), which the decoder computes.
 */
export type CommandOf<Name extends OperationName> = Name extends OperationName
  ? {
      readonly type: (typeof OPERATIONS)[Name]["command"];
    } & ObjectOf<(typeof OPERATIONS)[Name]["fields"]> &
      ((typeof OPERATIONS)[Name]["mutates"] extends true
        ? { readonly fingerprint: number }
        : object)
  : never;

export type Command = CommandOf<OperationName>;

type TellingName = {
  [Name in OperationName]: (typeof OPERATIONS)[Name] extends { readonly tellsWho: true }
    ? Name
    : never;
}[OperationName];
type Telling = (typeof OPERATIONS)[TellingName]["command"];

/** A command as actors get it: those that must know who asks have `by`. */
export type Attributed<C extends Command> = C extends { readonly type: Telling }
  ? C & { readonly by: AccountId }
  : C;
export type ReplyOf<Name extends OperationName> = ObjectOf<(typeof OPERATIONS)[Name]["reply"]>;
export type PushOf<Name extends PushName> = ObjectOf<(typeof PUSHES)[Name]["fields"]>;
