# SPDX-License-Identifier: BSL-1.0
# What compare.sh measured: for each figure the median of the rounds' ratios with its interval of 95 %, by order statistics.
import csv
import math
import statistics
import sys

LEAST = 0.97


def interval(ratios):
    """The narrowest pair of ordered values, as far from one end as from the other, that holds the median with 95 %."""
    n = len(ratios)
    outside = 0
    for k in range(n // 2 + 1):
        outside += math.comb(n, k)
        if 2 * outside > 0.05 * 2**n:
            break
    # One more than k values would lie outside too often; with none outside, there are too few rounds.
    if k == 0:
        return None
    ordered = sorted(ratios)
    return ordered[k - 1], ordered[n - k]


def figures(path):
    """Medians of one run by comparison, contender and unit. Counted things and the baselines' own are no figures."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        return {}
    timed = ("/s", "ns", "us", "ms", " s", "per second")
    return {
        (row["comparison"], row["contender"], row["unit"]): float(row["median"])
        for row in rows
        if any(word in row["unit"] for word in timed) and float(row["median"]) > 0
    }


def is_rate(unit):
    return "/s" in unit or "per second" in unit


def compared(folder, rounds):
    """For each figure, its ratios of speeds, one a round."""
    ratios = {}
    for number in range(rounds):
        was = figures(f"{folder}/before/{number}.csv")
        now = figures(f"{folder}/after/{number}.csv")
        for key in was.keys() & now.keys():
            ratio = now[key] / was[key] if is_rate(key[2]) else was[key] / now[key]
            ratios.setdefault(key, []).append(ratio)
    return ratios


def main(folder, rounds):
    worse = 0
    print(f"{'':70} {'ratio':>7}  95 % of medians  rounds")
    for (title, name, unit), values in sorted(compared(folder, rounds).items()):
        bounds = interval(values)
        text = f"{title}: {name} [{unit}]"
        if bounds is None:
            print(f"{text:70} {statistics.median(values):7.3f}  too few rounds  {len(values):6}")
            continue
        is_worse = bounds[1] < LEAST and name.startswith("ours")
        worse += is_worse
        print(f"{text:70} {statistics.median(values):7.3f}  {bounds[0]:.3f} - {bounds[1]:.3f}  {len(values):6}"
              f"{'  WORSE' if is_worse else ''}")
    print(f"{worse} figures are worse: their interval does not reach {LEAST}")
    return 1 if worse else 0


def self_test():
    # Known from tables: 20 values leave five outside on each side, six values none.
    assert interval([float(i) for i in range(1, 21)]) == (6.0, 15.0)
    assert interval([float(i) for i in range(1, 7)]) == (1.0, 6.0)
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert is_rate("million/s") and not is_rate("ns of processor time per write")


if __name__ == "__main__":
    self_test()
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
