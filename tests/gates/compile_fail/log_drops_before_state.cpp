// SPDX-License-Identifier: BSL-1.0
// Between the state on the disk and the first entry of the log there would be a gap.
//
// expect: A node could not restart from a log that drops entries before its state on the disk has them: leave
// expect: FileOptions::keeps_for_restart true.

#include "parts.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

using namespace parts;

struct DropsEarly : log::FileOptions {
    static constexpr bool keeps_for_restart = false;
};
using Disk = log::File<storage::Posix, DropsEarly>;

void refused(transport::Memory& network, Disk disk) {
    const Replicator<Counter, Disk, ack::Sync<>, transport::Memory, Small> node(network, {}, std::move(disk));
}
