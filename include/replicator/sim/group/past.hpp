// SPDX-License-Identifier: BSL-1.0
// Copies that went back in time: disks that are put back from an older image, and run numbers that are used again.
// Such a copy is destroyed from there on, as with a wiped disk, but it passes for one that is not. Who heard more of it
// must not count it; where nobody did, nothing is promised any more.
#pragma once

#include "disk.hpp"
#include "host.hpp"

#include "../../core/node/node.hpp"
#include "../../core/peer/past.hpp"
#include "../../testing/inspect.hpp"
#include "../../types.hpp"
#include "../sentence.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace replicator::sim {

/// A leader that heard more of an incarnation than there is now.
struct Doubt {
    Run leader{};
    Epoch epoch;
    Incarnation incarnation{};
    LinkId link{};  ///< that its former process had
    Index heard;    ///< how far
};

/// What the world knows about the past of each place.
template <class Node>
class Pasts {
public:
    using Hosts = std::vector<Host<Node>>;

    explicit Pasts(std::size_t hosts) : pasts_(hosts) {}

    /// A process started at `place`, after the one before ended in this way.
    void started(const Hosts& hosts, std::size_t place, End before) {
        const bool goes_back = sim::goes_back(before);
        Past& past = pasts_[place];
        const auto& self = inside(hosts[place]).self();
        const bool passes = std::find(past.used.begin(), past.used.end(), self.incarnation) != past.used.end();
        if (!passes) past.used.push_back(self.incarnation);
        past.went_back = past.went_back || goes_back;
        past.unseen = (goes_back || past.unseen) && passes;
        past.copy_passes = before == End::copy && passes;
        past.doubts.clear();
        if (!goes_back || !passes) return;
        past.reign = Epoch{};
        for (const Host<Node>& other : hosts) {
            if (other.node == nullptr || other.node->role() != Role::leader) continue;
            past.reign = past.reign < local_of(other).epoch ? local_of(other).epoch : past.reign;
            if (self.suspect_from() == Index{}) add_doubt(past, inside(other), self.id, self.log().last());
        }
    }

    /// A node goes on as another incarnation.
    void forgot(Hosts& hosts, std::size_t place, Instant now) {
        hosts[place].incarnation = local_of(hosts[place]).incarnation;
        hosts[place].began = now;
        pasts_[place].used.push_back(hosts[place].incarnation);
        pasts_[place].unseen = false;
    }

    /// Nothing is promised any more: somebody else leads than when a copy went back that nobody has recognized yet.
    [[nodiscard]] bool is_void(const Hosts& hosts) const {
        if (!any_unseen()) return false;
        return std::any_of(hosts.begin(), hosts.end(), [this](const Host<Node>& place) {
            if (place.node == nullptr || place.node->role() != Role::leader) return false;
            return std::any_of(pasts_.begin(), pasts_.end(), [&place](const Past& past) {
                return past.unseen && past.reign != local_of(place).epoch;
            });
        });
    }
    [[nodiscard]] bool went_back(std::size_t place) const { return pasts_[place].went_back; }
    [[nodiscard]] bool is_unseen(std::size_t place) const { return pasts_[place].unseen; }
    [[nodiscard]] bool any_unseen() const {
        return std::any_of(pasts_.begin(), pasts_.end(), [](const Past& past) { return past.unseen; });
    }

    /// What the node at `place` does wrong; empty for nothing.
    [[nodiscard]] std::string wrong_with(const Hosts& hosts, std::size_t place) const {
        std::string wrong;
        const auto& node = inside(hosts[place]);
        for (const core::Peer& peer : node.peers()) {
            const std::size_t other = value(peer.id) - 1;
            // Of a run number nobody says so for sure: hellos overtake each other.
            if (peer.refusal == Error::older_copy && !pasts_[place].went_back && !pasts_[other].went_back) {
                append(wrong, {"nodes ", name(place), " and ", name(other), " take an honest one for an older copy"});
            }
            if (node.self().role != Role::leader) continue;
            if (counts_past(node.self(), peer, pasts_[other], last_of(hosts[other]))) {
                append(wrong, {"leader ", name(place), " counts node ", name(other), ", and had heard more of it"});
            }
        }
        if (pasts_[place].copy_passes) {
            append(wrong, {"node ", name(place), " starts from a copied folder as what it was before"});
        }
        if (node.self().role == Role::leader && opened_without(node.self())) {
            append(wrong, {"node ", name(place), " leads without entries that it was told are committed"});
        }
        return wrong;
    }

private:
    struct Past {
        std::vector<Incarnation> used;
        bool went_back = false;
        bool unseen = false;  ///< it passes for what it was before
        bool copy_passes = false;
        Epoch reign;  ///< in which it went back
        std::vector<Doubt> doubts;
    };

    [[nodiscard]] static const auto& inside(const Host<Node>& place) { return testing::Inspect::inside(*place.node); }
    [[nodiscard]] static const auto& local_of(const Host<Node>& place) { return inside(place).self(); }

    /// A network that repeats all that it ever carried gives a process in memory, which has its former run number, all
    /// that it had. Over a disk runs differ.
    [[nodiscard]] static Index last_of(const Host<Node>& place) {
        return place.drive != nullptr || place.node == nullptr ? Index{} : place.node->last().index;
    }
    template <class Composition>
    [[nodiscard]] static Index vouched(const core::Node<Composition>&, const core::Progress& follower) {
        return core::Past<Composition>::vouched(follower);
    }
    template <class StandIn>
    [[nodiscard]] static Index vouched(const StandIn& leader, const core::Progress& follower) {
        return leader.vouched(follower);
    }
    template <class Leader>
    static void add_doubt(Past& past, const Leader& leader, NodeId node, Index last) {
        for (const core::Peer& peer : leader.peers()) {
            const bool more = last < vouched(leader, peer.progress);
            if (peer.id != node || peer.progress.incarnation != past.used.back() || !more) continue;
            past.doubts.push_back({leader.self().run, leader.self().epoch, peer.progress.incarnation, peer.link,
                                   vouched(leader, peer.progress)});
        }
    }
    template <class Self>
    [[nodiscard]] static bool counts_past(const Self& leader, const core::Peer& peer, const Past& past, Index last) {
        const core::Progress& progress = peer.progress;
        if (!peer.link_confirmed || !progress.linked() || !progress.counts) return false;
        return std::any_of(past.doubts.begin(), past.doubts.end(), [&](const Doubt& doubt) {
            return doubt.leader == leader.run && doubt.epoch == leader.epoch &&
                   doubt.incarnation == progress.incarnation && doubt.link != peer.link && last < doubt.heard;
        });
    }
    template <class Self>
    [[nodiscard]] static bool opened_without(const Self& leader) {
        const auto& start = leader.epochs().all().back();
        const Index before = start.first - 1;
        return !start.forced && Position{leader.epochs().at(before), before} < leader.known_commit;
    }

    std::vector<Past> pasts_;
};

}  // namespace replicator::sim
