// `loanloom schedule`: what a loan is repaid by; with --solve, what of payment, rate, term and
// amount is not given. Pure arithmetic: no server is asked.

import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../command/exit-codes.ts";
import {
  businessDateAtMs,
  formatBusinessDate,
  parseBusinessDate,
  type BusinessDate,
} from "../lending/business-date.ts";
import { DAY_COUNT_BASES, type DayCountBasis } from "../lending/day-count.ts";
import { scheduleOf, type Instalment } from "../lending/schedule.ts";
import {
  UNKNOWNS,
  solve,
  type Solution,
  type SolveRefusal,
  type SolveRequest,
  type Unknown,
} from "../lending/solve.ts";
import {
  REPAYMENT_METHODS,
  TERMS_EXPECTED,
  refusalOfTerms,
  type RepaymentMethod,
  type ScheduleTerms,
  type TermsRefusal,
} from "../lending/terms.ts";
import { RATE_BPS_MAX, isRateBps, type RateBps } from "../money/rate.ts";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";
import { tableText } from "./table-text.ts";
import { centsText, fieldsText, percentText, wholeNumber } from "./values.ts";

interface ScheduleOptions {
  readonly principal?: number;
  readonly rate?: RateBps;
  readonly months?: number;
  readonly days?: number;
  readonly method?: RepaymentMethod;
  readonly start?: BusinessDate;
  readonly basis?: DayCountBasis;
  readonly solve?: Unknown;
  readonly payment?: number;
  readonly json: boolean;
}

type OptionName = Exclude<keyof ScheduleOptions, "json">;

export function scheduleCommand(): Command {
  return new Command("schedule")
    .description("the repayments of a loan, or what of payment, rate, term and amount is not given")
    .option("--principal <cents>", "the amount that is lent", wholeNumber)
    .option("--rate <rate>", "yearly, in basis points or with a per cent sign: 1200 or 12%", rate)
    .option("--months <number>", "the term", wholeNumber)
    .option("--days <number>", "the term of bullet_days", wholeNumber)
    .addOption(
      new Option(
        "--method <method>",
        "how it is repaid (default: equal_instalment, with --days bullet_days)",
      ).choices(REPAYMENT_METHODS),
    )
    .option("--start <date>", "the day of disbursement, as 2026-01-31 (default: today, UTC)", day)
    .option("--basis <days>", "of bullet_days: 360, 364, 365 or actual (default: 365)", basis)
    .addOption(
      new Option(
        "--solve <unknown>",
        "find this one from the others, for equal instalments",
      ).choices(UNKNOWNS),
    )
    .option("--payment <cents>", "with --solve: what can be paid each month", wholeNumber)
    .option("--json", "print one line of JSON", false)
    .addHelpText(
      "after",
      "\nAmounts are whole cents. Examples:" +
        "\n  loanloom schedule --principal 1000000 --rate 12% --months 12 --start 2026-01-31" +
        "\n  loanloom schedule --principal 1000000 --rate 900 --days 90 --basis 360" +
        `\n  loanloom schedule --solve term --principal 1000000 --rate 12% --payment 50000\n${EXIT_HELP}`,
    )
    .action((options: ScheduleOptions) => {
      if (options.solve === undefined) showSchedule(options);
      else showSolution(options, options.solve);
    });
}

/** "1200" and "12%", "12.5%", "12.50%": the sign tells them apart. In basis points. */
function rate(text: string): RateBps {
  const percent = /^(\d{1,4})(?:\.(\d{1,2}))?\s*%$/.exec(text);
  const bps =
    percent === null
      ? Number(/^\d{1,6}$/.exec(text)?.[0] ?? NaN)
      : Number(percent[1]) * 100 + Number((percent[2] ?? "").padEnd(2, "0"));
  if (isRateBps(bps)) return bps;
  throw new InvalidArgumentError(
    `expected 0 to ${RATE_BPS_MAX} basis points, as 1200, or per cent, as 12% or 12.25%`,
  );
}

function day(text: string): BusinessDate {
  const date = parseBusinessDate(text);
  if (date !== null) return date;
  throw new InvalidArgumentError("expected a day of the calendar such as 2026-01-31");
}

function basis(text: string): DayCountBasis {
  const found = DAY_COUNT_BASES.find((each) => String(each) === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`expected one of ${DAY_COUNT_BASES.join(", ")}`);
}

function showSchedule(options: ScheduleOptions): void {
  refuse(options, ["payment"], "only with --solve");
  const terms = termsOf(options);
  const refusal = refusalOfTerms(terms);
  if (refusal !== null) throw new UsageError(termsComplaint(refusal, terms));
  const instalments = scheduleOf(terms);
  const shown = options.json
    ? JSON.stringify(instalments.map((each) => ({ ...each, due: formatBusinessDate(each.due) })))
    : `${termsText(terms)}\n\n${instalmentsText(terms.principalCents, instalments)}`;
  process.stdout.write(`${shown}\n`);
}

function termsOf(options: ScheduleOptions): ScheduleTerms {
  const common = {
    principalCents: given(options, "principal"),
    rateBps: given(options, "rate"),
    disbursedOn: options.start ?? businessDateAtMs(Date.now()),
  };
  const byDays = options.days !== undefined;
  const method = options.method ?? (byDays ? "bullet_days" : "equal_instalment");
  if (method === "bullet_days") {
    refuse(options, ["months"], "bullet_days is counted in --days");
    return { ...common, method, days: given(options, "days"), basis: options.basis ?? 365 };
  }
  refuse(options, ["days", "basis"], `only with bullet_days; ${method} is counted in --months`);
  return { ...common, method, months: given(options, "months") };
}

function showSolution(options: ScheduleOptions, unknown: Unknown): void {
  refuse(options, ["days", "basis", "start"], "not with --solve, which is for equal instalments");
  if (options.method !== undefined && options.method !== "equal_instalment") {
    throw new UsageError("--method: with --solve it can only be equal_instalment");
  }
  const result = solve(requestOf(options, unknown));
  if (result.refused === null) {
    const { refused: _, ...solution } = result;
    const shown = { unknown, ...solution };
    process.stdout.write(`${options.json ? JSON.stringify(shown) : solutionText(shown)}\n`);
    return;
  }
  const complaint = SOLVE_COMPLAINTS[result.refused];
  if (complaint.usage) throw new UsageError(complaint.says);
  process.stderr.write(`loanloom: ${result.refused}: ${complaint.says}\n`);
  process.exitCode = EXIT.refused;
}

function requestOf(options: ScheduleOptions, unknown: Unknown): SolveRequest {
  const asked = { payment: "payment", rate: "rate", term: "months", amount: "principal" } as const;
  refuse(options, [asked[unknown]], "that is what --solve asks for");
  const take = <Name extends OptionName>(name: Name): NonNullable<ScheduleOptions[Name]> =>
    given(options, name);
  switch (unknown) {
    case "payment":
      return {
        unknown,
        principalCents: take("principal"),
        rateBps: take("rate"),
        months: take("months"),
      };
    case "rate":
      return {
        unknown,
        principalCents: take("principal"),
        months: take("months"),
        paymentCents: take("payment"),
      };
    case "term":
      return {
        unknown,
        principalCents: take("principal"),
        rateBps: take("rate"),
        paymentCents: take("payment"),
      };
    case "amount":
      return {
        unknown,
        rateBps: take("rate"),
        months: take("months"),
        paymentCents: take("payment"),
      };
  }
}

const SOLVE_COMPLAINTS: Readonly<
  Record<SolveRefusal, { readonly usage: boolean; readonly says: string }>
> = {
  principal_out_of_range: {
    usage: true,
    says: `--principal: expected ${TERMS_EXPECTED.principal_out_of_range}`,
  },
  rate_out_of_range: { usage: true, says: `--rate: expected ${TERMS_EXPECTED.rate_out_of_range}` },
  term_out_of_range: {
    usage: true,
    says: `--months: expected ${TERMS_EXPECTED.term_out_of_range}`,
  },
  payment_out_of_range: { usage: true, says: "--payment: expected 1 cent or more" },
  payment_never_repays: {
    usage: false,
    says: "the payment does not exceed the interest, so the debt would never shrink",
  },
  payment_too_small: { usage: false, says: "the payment repays no principal within that term" },
  payment_too_large: {
    usage: false,
    says: "no rate, or amount, within the limits asks for so much",
  },
  term_too_long: { usage: false, says: "the payment does not repay within the longest term" },
};

function termsComplaint(refusal: TermsRefusal, terms: ScheduleTerms): string {
  const option: Record<TermsRefusal, string> = {
    principal_out_of_range: "--principal",
    rate_out_of_range: "--rate",
    term_out_of_range: terms.method === "bullet_days" ? "--days" : "--months",
    basis_unknown: "--basis",
    date_out_of_range: "--start",
  };
  return `${option[refusal]}: expected ${TERMS_EXPECTED[refusal]}`;
}

function given<Name extends OptionName>(
  options: ScheduleOptions,
  name: Name,
): NonNullable<ScheduleOptions[Name]> {
  const value = options[name];
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function refuse(options: ScheduleOptions, names: readonly OptionName[], why: string): void {
  const name = names.find((each) => options[each] !== undefined);
  if (name !== undefined) throw new UsageError(`--${name}: ${why}`);
}

function solutionText(solution: Omit<Solution, "refused"> & { readonly unknown: Unknown }): string {
  const { rateBps, ...fields } = solution;
  return fieldsText({ ...fields, rateBps: `${rateBps} (${bpsText(rateBps)})` });
}

function termsText(terms: ScheduleTerms): string {
  const term =
    terms.method === "bullet_days"
      ? `${terms.days} days on a basis of ${terms.basis}`
      : `${terms.months} months`;
  const rateText = `${bpsText(terms.rateBps)} a year`;
  const start = formatBusinessDate(terms.disbursedOn);
  return `${centsText(terms.principalCents)} at ${rateText} for ${term} from ${start}, ${terms.method}`;
}

/** Basis points as per cent: 1234 is "12.34 %". */
function bpsText(bps: number): string {
  return percentText(bps * 100);
}

/** One line an instalment, and the totals. */
export function instalmentsText(
  principalCents: number,
  instalments: readonly Instalment[],
): string {
  let leftCents = principalCents;
  let interestSumCents = 0;
  const rows = instalments.map(({ k, due, principalCents: repaidCents, interestCents }) => {
    leftCents -= repaidCents;
    interestSumCents += interestCents;
    const amounts = [repaidCents, interestCents, repaidCents + interestCents, leftCents];
    return [String(k), formatBusinessDate(due), ...amounts.map(centsText)];
  });
  const head = ["k", "due", "principal", "interest", "payment", "outstanding"];
  const sums = [principalCents, interestSumCents, principalCents + interestSumCents];
  const table = [head, ...rows, ["", "total", ...sums.map(centsText), ""]];
  return tableText(
    table,
    head.map((name) => name !== "due"),
  );
}
