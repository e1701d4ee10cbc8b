// SPDX-License-Identifier: BSL-1.0
// Nothing could ever be dropped from this log, which has a bound.
//
// expect: A log on a disk is bounded, and drops entries only behind a state: leave Options::Snapshots present.

#include "parts.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

using namespace parts;

struct Stateless : Small {
    using Snapshots = snapshots::Absent;
};
using Disk = log::File<storage::Posix>;

void refused(transport::Memory& network, Disk disk) {
    const Replicator<Counter, Disk, ack::Sync<>, transport::Memory, Stateless> node(network, {}, std::move(disk));
}
