// SPDX-License-Identifier: BSL-1.0
// A node that never leads shall begin a history.
//
// expect: Options::Roles is roles::FollowsOnly: a node of this type never leads.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Follows : Small {
    using Roles = roles::FollowsOnly;
};

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, Follows>& node) {
    static_cast<void>(node.bootstrap(HistoryId{1}));
}
