"""Reference returns (XIRR, actual/365) with 60 decimal digits, by plain bisection.

Run: python3 test/lending/reference/returns.py > test/lending/reference/returns.golden.json
Needs Python 3.9 or later and nothing else. The output is the same at each run.
"""

import json
import random
from datetime import date, timedelta
from decimal import Decimal, getcontext

getcontext().prec = 60
random.seed(20260301)


def value(flows, rate):
    start = min(on for on, _ in flows)
    growth = (1 + rate).ln()
    return sum(
        amount * (-growth * Decimal((on - start).days) / Decimal(365)).exp() for on, amount in flows
    )


def rate_of(flows):
    """For flows that are paid out first and come back later: their value falls with the rate."""
    low, high = Decimal("-0.9999"), Decimal(10000)
    assert value(flows, low) > 0 > value(flows, high)
    while high - low > Decimal("1e-15"):
        middle = (low + high) / 2
        if value(flows, middle) > 0:
            low = middle
        else:
            high = middle
    return low


def some_flows(kind):
    start = date(2026, 1, 1) + timedelta(random.randint(0, 700))
    paid = random.randint(10**4, 10**9)
    flows = [(start, -paid)]
    if kind == "instalments":
        months = random.choice([3, 6, 12, 24, 36])
        part = paid * random.randint(101, 130) // (100 * months)
        flows += [(start + timedelta(30 * k + k // 2), part) for k in range(1, months + 1)]
    elif kind == "loss":
        flows += [
            (start + timedelta(random.randint(1, 1000)), random.randint(1, paid // 8))
            for _ in range(5)
        ]
    elif kind == "bullet":
        days = random.randint(60, 1500)
        flows += [(start + timedelta(days), paid * random.randint(100, 200) // 100)]
    else:
        flows += [(start + timedelta(random.randint(1, 40)), -random.randint(1, paid))]
        flows += [
            (start + timedelta(random.randint(41, 900)), random.randint(1, paid)) for _ in range(8)
        ]
        flows += [(start + timedelta(901), 2 * paid)]
    random.shuffle(flows)
    return flows


def main():
    rows = []
    fixed = [(date(2026, 1, 1), -10000), (date(2027, 1, 1), 11200)]
    for flows in [fixed] + [
        some_flows(kind)
        for kind in ["instalments", "loss", "bullet", "staggered"]
        for _ in range(12)
    ]:
        rate = rate_of(flows) * 1000000
        rows.append(
            {
                "flows": [[on.isoformat(), amount] for on, amount in flows],
                "annualPpm": str(rate.quantize(Decimal("0.000001"))),
            }
        )
    print("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]")


main()
