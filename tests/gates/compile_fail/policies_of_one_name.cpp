// SPDX-License-Identifier: BSL-1.0
// Two policies of one kind, and so of one name.
//
// expect: visit_policy<Policies...> can tell policies apart only by their kind: name one of each.
// errors: 1

#include "parts.hpp"

#include <replicator/dynamic/visit_policy.hpp>

using namespace parts;

bool refused() {
    return visit_policy<ack::Quorum<2>, ack::Quorum<3>>("quorum", []<class Ack>() {});
}
