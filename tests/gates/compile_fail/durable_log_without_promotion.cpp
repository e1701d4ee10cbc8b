// SPDX-License-Identifier: BSL-1.0
// After a restart, nobody could lead this group any more.
//
// expect: A node over a log on a disk leads again after a restart only by a promotion: leave
// expect: Options::Promotion present.

#include "parts.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

using namespace parts;

struct NobodyElseLeads : Small {
    using Promotion = promotion::Absent;
    using HandOver = hand_over::Absent;
};
using Disk = log::File<storage::Posix>;

void refused(transport::Memory& network, Disk disk) {
    const Replicator<Counter, Disk, ack::Sync<>, transport::Memory, NobodyElseLeads> node(network, {}, std::move(disk));
}
