#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Breaks each rule of the layers once, in a small tree made up for it, and expects check.sh to name file, line and rule.
#
#     finds_violations.sh <folder to work in>
set -u

here=$(cd "$(dirname "$0")" && pwd)
work=${1:?a folder to work in}
tree=$work/replicator
failures=0
cases=0

# A tree that keeps every rule.
plant_good_tree() {
    rm -rf "$tree"
    mkdir -p "$tree"/{ack,api,asio/tcp,codec,concepts,dynamic,log/file,pair/parts,sim,storage,transport}
    mkdir -p "$tree"/core/{history,lead,node,peer,snapshot,wire}
    header types.hpp '#include <cstdint>'
    header error.hpp '#include "types.hpp"'
    header concepts/log_policy.hpp '#include "../types.hpp"'
    header api/status.hpp '#include "../types.hpp"'
    header core/wire/frame.hpp '#include "../../concepts/log_policy.hpp"'
    header core/history/epochs.hpp '#include "../../types.hpp"'
    header core/self.hpp '#include "history/epochs.hpp"' '#include "wire/frame.hpp"'
    header core/peer/peer.hpp '#include "../self.hpp"' '#include "../wire/frame.hpp"'
    header core/snapshot/frozen.hpp '#include "../peer/peer.hpp"'
    header core/snapshot/outgoing.hpp '#include "frozen.hpp"'
    header core/lead/sender.hpp '#include "../peer/peer.hpp"'
    header core/node/node.hpp '#include "../lead/sender.hpp"' '#include "../snapshot/outgoing.hpp"'
    header pair/parts/wire.hpp '#include "../../types.hpp"'
    header pair/node.hpp '#include "parts/wire.hpp"' '#include "../concepts/log_policy.hpp"'
    header log/ring.hpp '#include "../concepts/log_policy.hpp"'
    header log/file.hpp '#include "file/segment.hpp"' '#include "../storage/posix.hpp"' '#include <vector>'
    header log/file/segment.hpp '#include "../../types.hpp"'
    header storage/posix.hpp '#include <fcntl.h>'
    header ack/sync.hpp '#include "../types.hpp"'
    header dynamic/any_node.hpp '#include "../concepts/log_policy.hpp"' '#include <string_view>'
    header asio/error_code.hpp '#include <asio/error.hpp>'
    header transport/memory.hpp '#include "../types.hpp"'
    header asio/tcp/peer.hpp '#include "../error_code.hpp"'
    header asio/tcp.hpp '#include "tcp/peer.hpp"' '#include <asio/ip/tcp.hpp>'
    header transport/asio_tcp.hpp '#include "../asio/tcp.hpp"'
    header sim/network.hpp '#include "../core/wire/frame.hpp"'
    header basic_replicator.hpp '#include "core/node/node.hpp"'
    header replicator.hpp '#include "basic_replicator.hpp"' '#include "log/ring.hpp"'
}

header() {  # path, lines...
    local path=$tree/$1
    shift
    printf '%s\n' '// SPDX-License-Identifier: BSL-1.0' '#pragma once' "$@" >"$path"
}

expect() {  # name of the case, exit status, what the output must hold
    local output status
    output=$(bash "$here/check.sh" "$tree")
    status=$?
    cases=$((cases + 1))
    if ((status != $2)) || [[ $output != *"$3"* ]]; then
        failures=$((failures + 1))
        printf 'failed: %s\n  expected status %s and: %s\n  got status %s and:\n%s\n' "$1" "$2" "$3" "$status" "$output"
    fi
}

refuse() {  # path, the #include to plant in line 3, what the output must hold
    plant_good_tree
    header "$1" "$2"
    expect "$1 with $2" 1 "$3"
}

plant_good_tree
expect "a tree that keeps every rule" 0 "every layer is kept"

refuse types.hpp '#include "concepts/log_policy.hpp"' \
    "replicator/types.hpp:3: includes concepts/log_policy.hpp: a base file"
refuse error.hpp '#include <string>' \
    "replicator/error.hpp:3: includes <string>: base, concepts and core may include only"
refuse concepts/log_policy.hpp '#include "../core/wire/frame.hpp"' \
    "replicator/concepts/log_policy.hpp:3: includes core/wire/frame.hpp"
refuse core/wire/frame.hpp '#include "../../log/ring.hpp"' \
    "replicator/core/wire/frame.hpp:3: includes log/ring.hpp: the core"
refuse core/wire/frame.hpp '#include "../history/epochs.hpp"' \
    "replicator/core/wire/frame.hpp:3: includes core/history/epochs.hpp: the room wire"
refuse core/history/epochs.hpp '#include "../wire/frame.hpp"' "includes core/wire/frame.hpp: the room history"
refuse core/self.hpp '#include "peer/peer.hpp"' \
    "replicator/core/self.hpp:3: includes core/peer/peer.hpp: the room ground"
refuse core/peer/peer.hpp '#include "../lead/sender.hpp"' "includes core/lead/sender.hpp: the room peer"
refuse core/lead/sender.hpp '#include "../snapshot/frozen.hpp"' \
    "replicator/core/lead/sender.hpp:3: includes core/snapshot/frozen.hpp: the room lead"
refuse core/snapshot/frozen.hpp '#include "../lead/sender.hpp"' "includes core/lead/sender.hpp: the room snapshot"
refuse core/lead/sender.hpp '#include "../node/node.hpp"' "includes core/node/node.hpp: the room lead"
refuse api/status.hpp '#include "../concepts/log_policy.hpp"' \
    "replicator/api/status.hpp:3: includes concepts/log_policy.hpp: a base file"
refuse log/ring.hpp '#include "file/segment.hpp"' "replicator/log/ring.hpp:3: includes log/file/segment.hpp: a policy"
refuse core/wire/frame.hpp '#  include <vector>' "replicator/core/wire/frame.hpp:3: includes <vector>"
refuse core/wire/frame.hpp '#include <replicator/ack/sync.hpp>' \
    "replicator/core/wire/frame.hpp:3: includes ack/sync.hpp: the core"
refuse pair/node.hpp '#include "../core/wire/frame.hpp"' \
    "replicator/pair/node.hpp:3: includes core/wire/frame.hpp: the pair"
refuse log/ring.hpp '#include "../core/wire/frame.hpp"' \
    "replicator/log/ring.hpp:3: includes core/wire/frame.hpp: a policy"
refuse log/ring.hpp '#include "../ack/sync.hpp"' "replicator/log/ring.hpp:3: includes ack/sync.hpp: a policy"
refuse log/ring.hpp '#include "file.hpp"' "replicator/log/ring.hpp:3: includes log/file.hpp: a policy"
refuse log/ring.hpp '#include "../storage/posix.hpp"' "replicator/log/ring.hpp:3: includes storage/posix.hpp: a policy"
refuse log/ring.hpp '#include <vector>' \
    "replicator/log/ring.hpp:3: includes <vector>, and replicator.hpp includes this file"
refuse transport/memory.hpp '#include "asio_tcp.hpp"' "only asio/ may include what needs Asio"
refuse transport/memory.hpp '#include <asio/buffer.hpp>' "replicator/transport/memory.hpp:3: includes <asio/buffer.hpp>"
refuse transport/memory.hpp '#include <sys/socket.h>' "replicator/transport/memory.hpp:3: includes <sys/socket.h>"
refuse dynamic/any_node.hpp '#include "../core/wire/frame.hpp"' \
    "replicator/dynamic/any_node.hpp:3: includes core/wire/frame.hpp: dynamic/"
refuse dynamic/any_node.hpp '#include <memory>' "replicator/dynamic/any_node.hpp:3: includes <memory>: dynamic/"
refuse sim/network.hpp '#include "../transport/asio_tcp.hpp"' \
    "replicator/sim/network.hpp:3: includes transport/asio_tcp.hpp"
refuse basic_replicator.hpp '#include "log/ring.hpp"' "replicator/basic_replicator.hpp:3: includes log/ring.hpp"
refuse log/ring.hpp '#include "../basic_replicator.hpp"' "includes basic_replicator.hpp: a policy"
refuse replicator.hpp '#include "sim/network.hpp"' "the library may not include sim/ or testing/"
refuse replicator.hpp '#include "core/missing.hpp"' \
    "replicator/replicator.hpp:3: includes core/missing.hpp, which does not exist"
refuse ack/sync.hpp '#include <fmt/core.h>' "replicator/ack/sync.hpp:3: includes <fmt/core.h>"
refuse ack/sync.hpp '#include <boost/assert.hpp>' "replicator/ack/sync.hpp:3: includes <boost/assert.hpp>"
refuse ack/sync.hpp '#include REPLICATOR_HEADER' "replicator/ack/sync.hpp:3: is an #include that this check cannot read"
refuse extra.hpp '' "replicator/extra.hpp:1: is not in the list of base files"

refuse ack/sync.hpp 'struct Status {};' "replicator/ack/sync.hpp:3: uses Status, which others define as a macro"
refuse ack/sync.hpp 'int i = std::max(1, 2);' "replicator/ack/sync.hpp:3: uses max, which others define as a macro"

refuse ack/sync.hpp '// Sent in chunks.' "replicator/ack/sync.hpp:3: says chunks: the word is piece"
refuse ack/sync.hpp 'int chunk_bytes_max;' "replicator/ack/sync.hpp:3: says chunk_: the word is piece"

plant_good_tree
header types.hpp 'int i = (std::max)(1, 2), count_max(1), held_min = 3;' '// None' 'const char* s = "None";' \
    'using NodeStatus = int;'
expect "names that only look like those of macros" 0 "every layer is kept"

plant_good_tree
for name in a b c d e f; do header "core/wire/$name.hpp"; done
expect "a room of seven" 1 "replicator/core/wire:1: has 7 headers, and may have 6"

plant_good_tree
for name in a b c d e f; do header "core/$name.hpp"; done
expect "seven files beside the rooms" 1 "replicator/core:1: has 7 headers, and may have 6"

plant_good_tree
for name in a b c d e f g h; do header "ack/$name.hpp"; done
expect "a folder of nine" 1 "replicator/ack:1: has 9 headers, and may have 8"

plant_good_tree
header storage/posix.hpp 'template <class System>' 'class Posix {' '};'
header storage/quick.hpp 'template <class System>' 'class Quick final' '    : public storage::Posix<System> {' '};'
expect "a class cut in two" 1 "replicator/storage/quick.hpp:4: derives Quick from Posix of its own folder"

plant_good_tree
header storage/posix.hpp 'class Posix {' '};' 'struct Quick : Posix {' '};'
header ack/posix.hpp 'class Quickest : public Posix {' '};'
header storage/quick.hpp 'struct Held {' '};' 'class Holder {' '    Posix held;' '};'
expect "a class of the same file, and one of another folder" 0 "every layer is kept"

comma='hides something behind a comma operator'
refuse ack/sync.hpp 'int f() { return ++held, 0; }' "replicator/ack/sync.hpp:3: $comma"
refuse ack/sync.hpp 'int f() { return held = g(1, 2), h<int, 3>(); }' "$comma"
refuse ack/sync.hpp 'int f() { if (++held, is_held) g(); }' "$comma"
refuse ack/sync.hpp 'int f() { while (g(1), h(2)) {} }' "$comma"

plant_good_tree
header ack/sync.hpp 'int f() {' '    return each([&](int a, int b) {' '        ++held;' '        return g(a), 0;' '    });' '}'
expect "a comma operator within a return of several lines" 1 "replicator/ack/sync.hpp:6: $comma"

plant_good_tree
header ack/sync.hpp 'int f() { return g<int, 3>(1, 2) + h{1, 2}.a[i]; }  // return a, b;' \
    'int g() { return each([&](int a, int b) { ++a; return a < b; }, 1); }' \
    'void h() { for (; i < 3; ++i, ++j) if (const auto [a, b] = g(1, 2); a < b) k("return a, b;"); }'
expect "commas that are no operators" 0 "every layer is kept"

plant_good_tree
header types.hpp '#include "error.hpp"'
expect "a loop" 1 "includes itself by way of others"

plant_good_tree
sed -i 1d "$tree/core/wire/frame.hpp"
expect "a header without a licence" 1 "replicator/core/wire/frame.hpp:1: does not name its licence"

plant_good_tree
printf '// a line\n%.0s' {1..400} >>"$tree/core/wire/frame.hpp"
expect "a long header" 1 "replicator/core/wire/frame.hpp:403: has more than 400 lines"

plant_good_tree
find "$tree" -name '*.hpp' -delete
expect "a tree without headers" 1 "there are no headers here"

if ((failures > 0)); then
    echo "$failures of $cases cases failed"
    exit 1
fi
echo "$cases cases: every violation was found"
