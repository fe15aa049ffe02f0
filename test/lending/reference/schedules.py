"""Reference schedules, made without any code of the project: exact fractions, rounded half up.

Run: python3 test/lending/reference/schedules.py > test/lending/reference/schedules.golden.json
Needs Python 3.9 or later and nothing else. The output is the same at each run.
"""

import calendar
import json
import random
from datetime import date, timedelta
from fractions import Fraction

random.seed(20260228)


def half_up(value):
    """Whole number nearest to a fraction that is not negative; halves go up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def months_later(anchor, months):
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def equal_instalment(principal, rate, months):
    r = Fraction(rate, 120000)
    grown = (1 + r) ** months
    level = half_up(principal * r * grown / (grown - 1) if rate else Fraction(principal, months))
    left = principal
    for k in range(1, months + 1):
        interest = half_up(left * r)
        repaid = left if k == months else min(level - interest, left)
        left -= repaid
        yield repaid, interest


def equal_principal(principal, rate, months):
    left = principal
    for k in range(1, months + 1):
        interest = half_up(Fraction(left * rate, 120000))
        repaid = half_up(Fraction(principal * k, months)) - half_up(
            Fraction(principal * (k - 1), months)
        )
        left -= repaid
        yield repaid, interest


def interest_only(principal, rate, months):
    for k in range(1, months + 1):
        yield principal if k == months else 0, half_up(Fraction(principal * rate, 120000))


def monthly(method, principal, rate, months, start):
    if method == "bullet":
        due = months_later(start, months)
        return [[due.isoformat(), principal, half_up(Fraction(principal * rate * months, 120000))]]
    shares = {
        "equal_instalment": equal_instalment,
        "equal_principal": equal_principal,
        "interest_only": interest_only,
    }[method](principal, rate, months)
    return [
        [months_later(start, k).isoformat(), repaid, interest]
        for k, (repaid, interest) in enumerate(shares, 1)
    ]


def year_part(start, days, basis):
    if basis != "actual":
        return Fraction(days, basis)
    # Day by day, which is slow and obvious.
    return sum(
        (
            Fraction(1, 366 if calendar.isleap((start + timedelta(i)).year) else 365)
            for i in range(days)
        ),
        Fraction(0),
    )


def daily(principal, rate, days, start, basis):
    interest = half_up(principal * Fraction(rate, 10000) * year_part(start, days, basis))
    return [[(start + timedelta(days)).isoformat(), principal, interest]]


def some_principal():
    return random.choice(
        [
            1,
            2,
            random.randint(3, 999),
            random.randint(1000, 10**7),
            random.randint(10**7, 10**10),
            10_000_000_000_000,
        ]
    )


def some_rate():
    return random.choice([0, 1, 435, 1200, 1540, 2400, 3600, 4000, random.randint(0, 100000)])


def some_start():
    return random.choice(
        [
            date(2026, 1, 31),
            date(2024, 2, 29),
            date(2027, 12, 31),
            date(2026, 1, 1) + timedelta(random.randint(0, 1500)),
        ]
    )


def cases():
    methods = ["equal_instalment", "equal_principal", "interest_only", "bullet"]

    def of(method, principal, rate, months, start):
        return {
            "method": method,
            "principalCents": principal,
            "rateBps": rate,
            "months": months,
            "start": start.isoformat(),
            "instalments": monthly(method, principal, rate, months, start),
        }

    yield of("equal_instalment", 1000000, 1200, 12, date(2026, 1, 31))
    # Here the level instalment is a half exactly: 480.5, 60.5 and 11,400.5 cents.
    yield of("equal_instalment", 915, 4000, 2, date(2026, 3, 15))
    yield of("equal_instalment", 105, 12000, 2, date(2026, 3, 15))
    yield of("equal_instalment", 22575, 800, 2, date(2026, 3, 15))
    for method in methods:
        for _ in range(60):
            months = random.choice([1, 2, 3, 6, 9, 12, 18, 24, 36])
            yield of(method, some_principal(), some_rate(), months, some_start())
        yield of(method, random.randint(10**6, 10**9), some_rate(), 600, some_start())
    for basis in [360, 364, 365, "actual"]:
        for _ in range(30):
            principal, rate, start = some_principal(), some_rate(), some_start()
            days = random.choice([1, 7, 30, 90, 91, 180, 365, 366, 1000, 3660])
            yield {
                "method": "bullet_days",
                "principalCents": principal,
                "rateBps": rate,
                "days": days,
                "basis": basis,
                "start": start.isoformat(),
                "instalments": daily(principal, rate, days, start, basis),
            }


def main():
    lines = [json.dumps(case, separators=(",", ":")) for case in cases()]
    print("[\n" + ",\n".join(lines) + "\n]")


main()
