// SPDX-License-Identifier: BSL-1.0
// A log of the user's own that misses one member.
//
// expect: The second argument is not a LogPolicy: see the members in replicator/concepts/log_policy.hpp.
// errors: 10

#include "parts.hpp"

using namespace parts;

struct Forgetful : private Log {
    using Log::append;
    using Log::base;
    using Log::begin;
    using Log::capacity_bytes;
    using Log::chain;
    using Log::cut;
    using Log::end;
    using Log::entry_bytes_max;
    using Log::fault;
    using Log::flushed;
    using Log::last;
    using Log::read;
    using Log::reserve;
    using Log::reset;
    using Log::seek;
    using Log::stage;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Forgetful, ack::Sync<>, transport::Memory, Small>>(network);
}
