#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Gives check.sh documents with one mistake each, and expects it to name the line and the mistake.
#
#     finds_mistakes.sh <folder to work in>
set -u

here=$(cd "$(dirname "$0")" && pwd)
work=${1:?a folder to work in}
rm -rf "$work"
mkdir -p "$work/project/docs" "$work/project/include"
work=$(cd "$work" && pwd)
failures=0
cases=0

# What a README says of how to compile; its -D is what one of the programs looks for.
printf '%s\n' 'Compile it:' '' '    g++ -std=c++20 -Wall -Wextra -Werror -DFROM_README -I include main.cpp -o main && ./main' \
    >"$work/project/README.md"

expect() {  # name, exit status, what the output must hold; the document comes on standard input, with ~ for a backtick
    local output status
    tr '~' '`' >"$work/project/docs/page.md"
    output=$(bash "$here/check.sh" "$work/project" docs/page.md "$work/blocks" 2>&1)
    status=$?
    cases=$((cases + 1))
    if ((status != $2)) || [[ $output != *"$3"* ]]; then
        failures=$((failures + 1))
        printf 'failed: %s\n  expected status %s and: %s\n  got status %s and:\n%s\n' "$1" "$2" "$3" "$status" "$output"
    fi
}

expect "a page without a mistake" 0 "1 programs, 1 outputs, 1 pieces, 1 fragments, 1 links; 0 passed over; 0 mistakes" <<'PAGE'
See [the README](../README.md#compile), [elsewhere](https://example.org/) and `[not](a-link)`.

~~~cpp
#include <cstdio>
int main() {
#ifdef FROM_README
    std::puts("hello");
#endif
}
~~~

It prints:

~~~text output
hello
~~~

~~~cpp
struct Counter { int total = 0; };
~~~

<!-- fragment: the next section completes it -->
~~~cpp fragment
node.write(...)
~~~

~~~sh
[no](link)
~~~
PAGE

expect "a program that does not compile" 1 "docs/page.md:2: the program does not compile:" <<'PAGE'

~~~cpp
int main() { return missing; }
~~~
PAGE

expect "a program that fails" 1 "docs/page.md:1: the program ends with status 3" <<'PAGE'
~~~cpp
int main() { return 3; }
~~~
PAGE

expect "another output" 1 "docs/page.md:5: the program of line 1 prints something else" <<'PAGE'
~~~cpp
#include <cstdio>
int main() { std::puts("one"); }
~~~
~~~text output
two
~~~
PAGE

expect "an output of nothing" 1 "docs/page.md:1: there is no program before this output that ran" <<'PAGE'
~~~text output
two
~~~
PAGE

expect "a piece that does not compile" 1 "docs/page.md:1: the code does not compile" <<'PAGE'
~~~cpp
node.write({.add = 5});
~~~
PAGE

expect "a fragment without a reason" 1 "docs/page.md:2: a fragment is not compiled" <<'PAGE'

~~~cpp fragment
node.write({.add = 5});
~~~
PAGE

expect "an unknown mark" 1 "docs/page.md:1: unknown mark: cpp_ignore" <<'PAGE'
~~~cpp ignore
int main() {}
~~~
PAGE

expect "a block that stays open" 1 "docs/page.md:1: the block is never closed" <<'PAGE'
~~~cpp
int main() {}
PAGE

expect "a link to nowhere" 1 "docs/page.md:1: links to missing.md, which does not exist" <<'PAGE'
See [this](missing.md).
PAGE

if ((failures > 0)); then
    echo "$failures of $cases cases failed"
    exit 1
fi
echo "$cases cases: every mistake was found"
