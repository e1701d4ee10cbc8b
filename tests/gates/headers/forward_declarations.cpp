// SPDX-License-Identifier: BSL-1.0
// What fwd.hpp declares is enough for signatures; what is defined behind it is the same.
#include <replicator/fwd.hpp>

#include <replicator/ack/semi_sync.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

struct Lights;

namespace declared {

using Limits = replicator::Options;
using Node = replicator::Replicator<Lights, replicator::log::Ring<4096>, replicator::ack::SemiSync<>,
                                    replicator::transport::Manual>;
using InProcess = replicator::Replicator<Lights, replicator::log::Memory<>, replicator::ack::SemiSync<>,
                                         replicator::transport::Memory, Limits, replicator::NoObserver>;

void bootstrap(Node& node);
replicator::Role role(const Node& node);
void deliver(replicator::transport::Memory& network, const InProcess& node);
replicator::Result<void> promote(Node& node, const replicator::PromotionOptions& options);
replicator::Result<replicator::Ticket> write(Node& node);
template <class Stored>
replicator::WriteState state_of(const replicator::Outcome<Stored>& outcome);
template <std::size_t PeersMax>
void print(const replicator::NodeStatus<PeersMax>& status, const replicator::PeerStatuses<PeersMax>& peers,
           const replicator::PromotionStatus<PeersMax>& promotion);
void print(const replicator::PeerStatus& peer, replicator::FollowerState state);
void print(replicator::Error error, replicator::PromotionStep step, replicator::DrainStep drain);
void print(const replicator::DrainStatus& drain, const replicator::SnapshotProgress& progress,
           const replicator::Acknowledgement& acknowledgement, const replicator::Counters& counters);
void remember(replicator::Session& session, const replicator::Config& config);
void open(replicator::storage::Posix& storage, replicator::storage::PosixThreaded& threaded,
          replicator::storage::SyncWorker& worker);
void open(replicator::storage::Simulated& storage, replicator::storage::SimulatedDisk& disk);
void renew(replicator::authority::Lease& lease, replicator::authority::Manual& manual);

}  // namespace declared

#include <replicator/authority/lease.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/replicator.hpp>
#include <replicator/storage/posix_threaded.hpp>
#include <replicator/storage/simulated.hpp>
#include <replicator/transport/memory.hpp>

struct Lights {
    struct Command {
        std::uint32_t on;
    };
    std::uint32_t on = 0;
    void apply(const Command& command) { on = command.on; }
};

namespace declared {

static_assert(
    std::is_same_v<Node,
                   replicator::Replicator<Lights, replicator::log::Ring<4096, 1024>, replicator::ack::SemiSync<>,
                                          replicator::transport::Manual, replicator::Options, replicator::NoObserver>>);
static_assert(sizeof(replicator::log::Memory<>) > 0 && sizeof(InProcess) > 0);

void bootstrap(Node& node) { static_cast<void>(node.bootstrap(replicator::HistoryId{1})); }
replicator::Role role(const Node& node) { return node.role(); }
void deliver(replicator::transport::Memory& network, const InProcess&) { network.deliver(); }
replicator::Result<void> promote(Node& node, const replicator::PromotionOptions& options) {
    return node.promote(options);
}
replicator::Result<replicator::Ticket> write(Node& node) { return node.write({.on = 1}); }

}  // namespace declared
