// SPDX-License-Identifier: BSL-1.0
// What a promotion is asked with, and how far it has come: a node becomes the leader because its user said so.
#pragma once

#include "../error.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

/// What the user vouches for, by name. By default nothing: then a promotion loses no acknowledged write, or is refused.
struct PromotionOptions {
    /// Go on with the nodes that can be heard, although acknowledged writes may be lost. The epoch then says that it
    /// was forced, and what other nodes applied may be replaced.
    bool may_lose = false;
    /// The user knows that no epoch was opened after the one that this node led. Where a policy keeps a write on the
    /// leader alone (`ack::Async`), hearing this node then is enough. Its epoch counts as forced, too, because the
    /// library cannot know.
    NodeId last_leader{};
    /// Give up before anybody is bound, with `Error::stale_epoch` when an answer shows that somebody else leads, or led
    /// after all that this node holds, and with `Error::busy` when a node that was promoted without this asks to lead.
    bool unless_led = false;
};

enum class PromotionStep : std::uint8_t {
    none,       ///< nobody asked for it
    asking,     ///< asks the others what they hold; nothing is binding yet
    promising,  ///< collects promises to take part in no older epoch, which fences the old leader
    fetching,   ///< fetches what a node that promised holds beyond this one
    leading,    ///< done: this node opened an epoch. Until it is confirmed, nothing is acknowledged in it
    refused,    ///< given up; the error says why, and nothing but promises has changed
};

[[nodiscard]] constexpr const char* to_string(PromotionStep step) noexcept {
    switch (step) {
        case PromotionStep::none: return "none";
        case PromotionStep::asking: return "asking";
        case PromotionStep::promising: return "promising";
        case PromotionStep::fetching: return "fetching";
        case PromotionStep::leading: return "leading";
        case PromotionStep::refused: return "refused";
    }
    return "unknown";
}

/// How far a promotion has come, and what it is short of. A copy.
template <std::size_t PeersMax>
struct PromotionStatus {
    PromotionStep step = PromotionStep::none;
    /// Why it was refused: nodes_missing (see `missing`), stale_epoch (somebody promised a higher one: another
    /// candidate, or another leader), busy (only with `unless_led`), log_full (the last room of the log is kept for a
    /// promotion that hears as many nodes as hold an acknowledged write), log_failed.
    Error error = Error::none;
    Epoch epoch;             ///< that it opens; epoch 0 while it asks
    bool forced = false;     ///< it may lose what the policy promised
    std::size_t needed = 0;  ///< nodes that a promotion without loss must hear, this one included
    std::size_t heard = 0;   ///< nodes heard whose copies count, this one included
    NodeId ahead{};          ///< of the nodes heard, the one that holds the most
    Position newest;         ///< its newest entry: what the policy promised beyond that is at risk if it is forced
    std::array<NodeId, PeersMax> missing_slots{};
    std::size_t missing_count = 0;

    /// Nodes that were not heard, or whose copies do not count: blank, of an incarnation that was not admitted, or
    /// suspect while another node is missing.
    [[nodiscard]] constexpr std::span<const NodeId> missing() const& noexcept {
        return std::span(missing_slots).first(missing_count);
    }
    [[nodiscard]] std::span<const NodeId> missing() const&& = delete;
};

}  // namespace replicator
