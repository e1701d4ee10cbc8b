// SPDX-License-Identifier: BSL-1.0
// A transport knows its nodes by their addresses. C++20 gives a deleted function no message, but the compilers show its
// line.
//
// expect below: a node can be neither copied nor moved: make it in its place
// errors: 1

#include "parts.hpp"

#include <utility>

using namespace parts;

using Node = Replicator<Counter, Log, ack::Sync<>, transport::Memory, Small>;

void refused(Node& node) { Node moved(std::move(node)); }
