// SPDX-License-Identifier: BSL-1.0
// `class` begins with what nobody else may call.
//
// expect: The state machine has an apply that nobody can call with a const Command&: it must be public, and take the
// expect: command by value or by reference to const.
// errors: 1

#include "parts.hpp"

using namespace parts;

class Secret {
    std::int32_t total = 0;
    void apply(const std::int32_t& add) { total += add; }

public:
    using Command = std::int32_t;
};

void refused(transport::Memory& network) {
    use<Replicator<Secret, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
