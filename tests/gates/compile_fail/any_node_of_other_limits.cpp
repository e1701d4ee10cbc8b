// SPDX-License-Identifier: BSL-1.0
// A node of three stands behind a table for groups of five, whose status has another type.
//
// expect: AnyNode<Machine, Limits> refers to nodes with the nodes_max of those Limits.
// errors: 1

#include "parts.hpp"

#include <replicator/dynamic/any_node.hpp>

using namespace parts;

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, Small>& node) {
    static_cast<void>(AnyNode<Counter>(node).role());
}
