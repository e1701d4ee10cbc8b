// SPDX-License-Identifier: BSL-1.0
// What mutated headers call. All mutants are in one program; REPLICATOR_MUTANT says which one is alive in a run, and
// REPLICATOR_MUTANTS_SEEN names a file in which the program leaves, at its end, the numbers of those that it came by.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace replicator_mutants {

/// No program has more mutants.
inline constexpr int count_max = 8192;

inline int alive_from_environment() {
    const char* const text = std::getenv("REPLICATOR_MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
}

inline const int alive = alive_from_environment();
inline unsigned char seen[count_max];

/// Leaves what was seen. A program that is stopped leaves nothing.
struct Report {
    ~Report() {
        const char* const name = std::getenv("REPLICATOR_MUTANTS_SEEN");
        std::FILE* const file = name == nullptr ? nullptr : std::fopen(name, "w");
        if (file == nullptr) return;
        for (int i = 0; i < count_max; ++i) {
            if (seen[i] != 0) std::fprintf(file, "%d\n", i);
        }
        std::fclose(file);
    }
};
inline const Report report;

/// What the compiler evaluates stays as it was written.
constexpr bool is_alive(int mutant) {
    if (std::is_constant_evaluated()) return false;
    seen[mutant] = 1;
    return alive == mutant;
}

template <class A, class B>
constexpr bool less(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? a <= b : a < b;
}
template <class A, class B>
constexpr bool less_or_equal(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? a < b : a <= b;
}
template <class A, class B>
constexpr bool greater(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? a >= b : a > b;
}
template <class A, class B>
constexpr bool greater_or_equal(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? a > b : a >= b;
}
template <class A, class B>
constexpr bool equal(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? !(a == b) : a == b;
}
template <class A, class B>
constexpr bool not_equal(int mutant, const A& a, const B& b) {
    return is_alive(mutant) ? !(a != b) : a != b;
}
template <class T>
constexpr bool negated(int mutant, const T& condition) {
    return is_alive(mutant) != static_cast<bool>(condition);
}

}  // namespace replicator_mutants
