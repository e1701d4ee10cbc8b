# SPDX-License-Identifier: BSL-1.0
"""Whether mutate.py finds what its rules say, leaves the rest alone, and writes what compiles."""

import sys

import mutate

SAMPLE = """\
template <class T, std::size_t N = 3>
struct Sample {
    static constexpr int limit = 4 < 5 ? 1 : 2;
    int count_ = 7;
    enum class Kind { none = 0 };

    int run(const std::array<T, 8>& all, bool quick) noexcept(N > 2) {
        static_assert(N > 1);
        REPLICATOR_ASSERT(quick || count_ > 1);
        int found = 0;
        for (const T& each : all) {
            if (each.a < limit && !quick) continue;
            ++found;
            note(each, found);
        }
        if constexpr (N == 3) return 5;
        return quick ? found : count_;
    }
};
"""

EXPECTED = [
    "constant 7 -> 8", "constant 0 -> 1", "comparison < -> <=", "negated each.a < limit && !quick", "negated !quick",
    "dropped continue;", "dropped ++found;", "dropped note(each, found);", "constant 5 -> 6", "negated quick",
]

WRITTEN = {
    "if (each.a < limit && !quick) continue;":
        "if (::replicator_mutants::negated(4, ::replicator_mutants::less(3, each.a, limit) && "
        "::replicator_mutants::negated(5, !quick))) { if (!::replicator_mutants::is_alive(6)) continue; }",
    "int found = 0;": "int found = (::replicator_mutants::is_alive(2) ? 1 : 0);",
    "return quick ? found : count_;": "return ::replicator_mutants::negated(10, quick) ? found : count_;",
}


def main():
    mutants = mutate.Header(SAMPLE).mutants()
    found = [f"{mutant.rule} {mutant.change}" for mutant in mutants]
    wrong = found != EXPECTED
    if wrong:
        print("found", found, "and not", EXPECTED, sep="\n")
    lines = mutate.written(SAMPLE, list(enumerate(mutants, 1))).split("\n")
    for line, (number, before) in zip(lines, enumerate(SAMPLE.split("\n"), 1)):
        expected = WRITTEN.get(before.strip())
        if expected is not None and line.strip() != expected:
            wrong = True
            print(f"line {number} is", line.strip(), "and not", expected, sep="\n")
    if len(lines) != len(SAMPLE.split("\n")):
        wrong = True
        print("lines have moved")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
