#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Breaks each rule of names in .clang-tidy once, and some of the checks, and expects clang-tidy to name each line that is
# marked, and no other.
#
#     finds_violations.sh [folder to work in]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=${1:-$root/build/tidy/planted}
rm -rf "$work"
mkdir -p "$work"
cp "$root/.clang-tidy" "$work"

cat >"$work/planted.cpp" <<'END'
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
#define NO_PREFIX 1                                                   // wrong
#define REPLICATOR_lower 1                                            // wrong
#define REPLICATOR_KEPT 1
namespace WrongNamespace {}                                           // wrong
namespace right_namespace {
class wrong_class {};                                                 // wrong
struct wrongStruct {};                                                // wrong
union wrong_union { int a; };                                         // wrong
enum class wrong_enum { one };                                        // wrong
enum class Right { one, Two };                                        // wrong
using wrong_alias = int;                                              // wrong
template <class wrong_type> struct WithType {};                       // wrong
template <class Trailing_> struct WithTrailing {};                    // wrong
template <int wrong_value> struct WithValue {};                       // wrong
int wrongFunction();                                                  // wrong
int with_parameter(int wrongParameter);                               // wrong
int with_trailing(int parameter_);                                    // wrong
inline int wrongVariable = 1;                                         // wrong
constexpr int kConstant = 1;                                          // wrong
class Members {
public:
    int wrongMember = 0;                                              // wrong
    int trailing_ = 0;                                                // wrong
    int right = 0;
    int wrongMethod() { return without_mark + right_; }               // wrong
    using value_type = int;
    static constexpr int right_max = 1;
private:
    int without_mark = 0;                                             // wrong
    int right_ = 0;
    static inline int shared_ = 0;
};
class Base {
protected:
    int protected_without_mark = 0;                                   // wrong
    int protected_ = 0;
};
template <class T> concept RightConcept = requires(T t) { { t.size() } -> std::same_as<int>; };
template <class Machine, int Bytes> struct RightTemplate {};
struct Overridden { virtual int call() { return 1; } virtual ~Overridden() = default; };
struct Overrides : Overridden { virtual int call() { return 2; } };   // wrong
inline std::size_t used_after_move(std::string text) {
    const std::string moved = std::move(text);
    return moved.size() + text.size();                                // wrong
}
inline int same(int a) { return a == a ? 1 : 2; }                     // wrong
inline std::size_t copied(const std::vector<std::string>& names) {
    std::size_t sum = 0;
    for (const std::string name : names) sum += name.size();          // wrong
    return sum;
}
inline int unused(int never) { return 1; }                            // wrong
}  // namespace right_namespace
END

numbers_of() { sort -nu | tr '\n' ' '; }
wrong=$(grep -n '// wrong' "$work/planted.cpp" | cut -d : -f 1 | numbers_of)
found=$({ clang-tidy --quiet "$work/planted.cpp" -- -std=c++20 2>"$work/stderr" || true; } |
    sed -n 's/.*planted\.cpp:\([0-9]*\):[0-9]*: error: .*/\1/p' | numbers_of)
if [[ $found != "$wrong" ]]; then
    printf 'wrong are the lines   %s\nclang-tidy finds      %s\n' "$wrong" "$found"
    exit 1
fi
echo "each of $(wc -w <<<"$wrong") wrong lines is found, and no other"
