// SPDX-License-Identifier: BSL-1.0
// The parts of a node, side by side: none of them holds another one, and each call names those that it may touch.
#pragma once

#include "../../api/options.hpp"
#include "../applier.hpp"
#include "../disk/disk.hpp"
#include "../disk/restore.hpp"
#include "../follow/absent.hpp"
#include "../follow/follower.hpp"
#include "../lead/absent.hpp"
#include "../lead/leader.hpp"
#include "../peer/links.hpp"
#include "../peer/peer.hpp"
#include "../promote/drain.hpp"
#include "../promote/promotion.hpp"
#include "../self.hpp"
#include "../snapshot/absent.hpp"
#include "../snapshot/incoming.hpp"
#include "../snapshot/outgoing.hpp"
#include "../steady.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace replicator::core {

template <class Composition>
struct NodeParts {
    /// Of a blank node.
    NodeParts(const Config& config, typename Composition::Observer* observer) noexcept {
        set(config, observer);
        applier.restart_at(self.log().begin());
    }
    /// Of a node as its log knows it; faulted when the log cannot be used.
    NodeParts(const Config& config, typename Composition::Observer* observer,
              typename Composition::Log&& log) noexcept {
        set(config, observer);
        self.history.open(std::move(log));
        if (const Error error = Restore<Composition>::run(self, applier); error != Error::none) self.fail(error);
        disk.begin(applier.next());
        if (config.leads_again && self.epochs().last().node == self.id) promotion.wish().begin_at_once();
    }

    [[nodiscard]] std::span<Peer> peers() noexcept { return std::span(peer_slots).first(peer_count); }
    [[nodiscard]] std::span<const Peer> peers() const noexcept { return std::span(peer_slots).first(peer_count); }

    Self<Composition> self;
    Applier<Composition> applier;
    [[no_unique_address]] std::conditional_t<Composition::leads, Leader<Composition>, NoLeader> leader;
    [[no_unique_address]] std::conditional_t<Composition::follows, Follower<Composition>, NoFollower> follower;
    [[no_unique_address]] OutgoingOrNone<Composition> snapshots;
    [[no_unique_address]] IncomingOrNone<Composition> incoming;
    [[no_unique_address]] Promotion<Composition> promotion;
    [[no_unique_address]] GivingWay<Composition> giving_way;
    [[no_unique_address]] Disk<Composition> disk;
    Steady<Composition> steady;
    std::array<Peer, Composition::peers_max> peer_slots{};
    std::size_t peer_count = 0;
    Run followed{};    ///< the run of the leader that was followed last
    Instant acked_at;  ///< when the source was last told what this node holds

private:
    void set(const Config& config, typename Composition::Observer* observer) noexcept {
        self.observer = observer;
        self.set(config);
        for (const NodeId node : self.all_nodes()) {
            if (node == self.id) continue;
            Peer& peer = peer_slots[peer_count++];
            peer.id = node;
            Links<Composition>::restart(self, peer);
        }
    }
};

}  // namespace replicator::core
