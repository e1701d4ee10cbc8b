// SPDX-License-Identifier: BSL-1.0
// profile::Pair: a Replicator for two nodes that are joined by one line, where flash is counted in kilobytes.
//
//     using Node = replicator::Replicator<Thermostat, replicator::log::Ring<1024>, replicator::ack::SemiSync<>,
//                                         replicator::transport::Manual, replicator::profile::Pair>;
//
// The calls, their types and what they promise are those of a group; docs/pair.md says what differs. The core behind
// them is another one, and the two do not understand each other.
#pragma once

#include "pair/drain.hpp"
#include "pair/numbers.hpp"
#include "pair/observer.hpp"
#include "pair/report.hpp"
#include "pair/requirements.hpp"
#include "pair/status.hpp"

#include "../pair/node.hpp"
#include "../pair/options.hpp"

#include "../api/drain.hpp"
#include "../api/options.hpp"
#include "../api/promotion.hpp"
#include "../api/session.hpp"
#include "../api/write.hpp"
#include "../assert.hpp"
#include "../concepts/ack_policy.hpp"
#include "../concepts/state_machine.hpp"
#include "../error.hpp"
#include "../fwd.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace replicator::profile {

/// What a node of a pair consists of, in place of `Options`; derive and override what should differ.
///
///     struct Small : replicator::profile::Pair {
///         using Roles = replicator::roles::FollowsOnly;
///         static constexpr std::size_t command_bytes_max = 32;
///     };
struct Pair : pair::Bounds {
    /// `hand_over`, and `promote` on a follower whose leader is there.
    using HandOver = hand_over::Present;
    /// A leader that can hand over can be told to stop in order, too (`drain`): here only where somebody asks for it.
    static constexpr bool can_drain = false;
    static constexpr std::size_t nodes_max = 2;
};

}  // namespace replicator::profile

namespace replicator {

/// One of two nodes. The policies are the library's, and say what a group would do with them:
///
///   - `Log`: `log::Ring<Bytes>`, which has room for `Bytes` / 32 entries, and for `Bytes` / 2 bytes of commands;
///   - `Ack`: `ack::SemiSync<>` or `ack::Async<>`;
///   - `GivenTransport`: Manual, Memory, or one of yours. It says whether frames come whole, or as bytes of a line;
///   - `Observer`: may have `on_role`, `on_discarded(Position, const Command&)`, `on_leader`, `on_refused`, `on_fault`,
///     see api/observer.hpp.
///
/// A node belongs to one thread, stays where it was made, and neither blocks, throws nor allocates.
template <class GivenMachine, class Log, class Ack, class GivenTransport, std::derived_from<profile::Pair> Limits,
          class Observer>
class Replicator<GivenMachine, Log, Ack, GivenTransport, Limits, Observer> {
    // Complains, where it has to.
    static_assert(sizeof(profile::detail::PairRequirements<GivenMachine, Log, Ack, GivenTransport, Limits>) > 0);

    using Machine =
        typename std::conditional_t<profile::detail::fits_as_bytes<GivenMachine>, std::type_identity<GivenMachine>,
                                    std::type_identity<profile::detail::StandIn<GivenMachine>>>::type;
    using CoreLimits = profile::detail::CoreLimits<Log, GivenTransport, Limits>;
    using Roles = typename Limits::Roles;
    using Told = profile::detail::Told<Observer, typename Machine::Command>;
    static constexpr bool is_deaf = std::is_same_v<Observer, NoObserver>;
    using Core = pair::Node<Machine, Ack, CoreLimits, std::conditional_t<is_deaf, NoObserver, Told>>;
    static constexpr bool leads = Roles::leads, follows = Roles::follows;
    static constexpr bool can_drain = leads && follows && Limits::HandOver::present && Limits::can_drain;
    static constexpr bool wakes = !requires { requires !GivenTransport::wakes; };

public:
    using Command = typename Machine::Command;
    using Stored = StoredResult<ApplyResult<Machine>>;
    using Outcome = replicator::Outcome<Stored>;
    using NodeStatus = profile::PairStatus;

    static constexpr Stage stage = Stage::received;
    /// A buffer for `transmit` must have so many bytes.
    static constexpr std::size_t transmit_bytes_min = Core::transmit_bytes_min;
    static constexpr std::size_t command_bytes_max = Core::command_bytes_max;

    /// What an acknowledged write can rely on. Assert on it.
    [[nodiscard]] static constexpr Guarantee guarantee(std::size_t nodes = 2) noexcept {
        return guarantee_of<Ack>(nodes, stage);
    }

    /// A blank follower. `config` names two nodes, and no cluster or group; it is checked by REPLICATOR_ASSERT. The
    /// transport and the observer must outlive the node.
    Replicator(GivenTransport& transport, const Config& config) noexcept requires std::is_same_v<Observer, NoObserver>
        : transport_(transport), core_(core_config(config)) {
        begin();
    }
    Replicator(GivenTransport& transport, const Config& config, Observer& observer) noexcept
        : transport_(transport), core_(core_config(config), told_), told_(observer, nodes()) {
        begin();
    }
    Replicator(const Replicator&) = delete;             // a node can be neither copied nor moved: make it in its place
    Replicator& operator=(const Replicator&) = delete;  // a node can be neither copied nor moved: make it in its place
    ~Replicator() {
        if constexpr (requires { transport_.detach(*this); }) transport_.detach(*this);
    }

    [[nodiscard]] NodeId id() const noexcept { return core_.id(); }

    /// Begins a history on this blank node, which leads it from now on. Errors: already_bootstrapped, stale_epoch (all
    /// epochs are spent), faulted.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) noexcept {
        static_assert(leads, "A node whose Roles are FollowsOnly cannot be bootstrapped: the other node leads.");
        const Result<void> begun = core_.bootstrap(history);
        announce();
        return begun;
    }

    /// Appends a command, and names it by a ticket. Errors, after which nothing has changed: not_leader, busy (the log
    /// is full of what is pending), too_large, handing_over, faulted.
    [[nodiscard]] Result<Ticket> write(const Command& command) noexcept {
        static_assert(leads, "A node whose Roles are FollowsOnly cannot write: the other node leads.");
        if (drain_.is_under_way()) return Error::handing_over;
        const Result<pair::Ticket> written = core_.write(command);
        if (!written) return written.error();
        announce();
        // This node opened the epoch in which it writes.
        return Ticket{{{written->epoch >> 16, id(), written->epoch & (pair::detail::second_node - 1)},
                       profile::detail::wide(written->index)}};
    }
    [[nodiscard]] Result<Ticket> write(const Command& command, Instant now) noexcept {
        tick(now);
        return write(command);
    }

    /// Where an accepted write stands: pending, acknowledged with what it can rely on, or unknown.
    [[nodiscard]] Outcome outcome(Ticket ticket) const noexcept {
        static_assert(leads, "A node whose Roles are FollowsOnly has no writes of its own to tell of.");
        const Epoch& epoch = ticket.position.epoch;
        const pair::Ticket named{
            static_cast<std::uint32_t>(epoch.counter) << 16 | epoch.tag | (self().tag & pair::detail::second_node),
            static_cast<std::uint32_t>(ticket.position.index.value)};
        Outcome outcome;
        outcome.state = WriteState::unknown;
        if (epoch.node != id()) return outcome;
        const pair::Outcome known = core_.outcome(named);
        outcome.state = known.state;
        if (known.state != WriteState::acknowledged) return outcome;
        outcome.acknowledgement = {ticket.position, stage, known.holders, known.holders < Ack::holders(2)};
        if (const auto* result = self().results.find(named.index, self().applied)) {
            outcome.result = *result;
            outcome.result_kept = true;
        }
        return outcome;
    }

    /// The state of this node as it is: on a follower it may be old, but it is always one that the leader once had.
    [[nodiscard]] const GivenMachine& state() const noexcept { return self().machine; }

    /// The state, if the write at `after` is in it. Errors: not_yet; discarded, when the log shows that another write
    /// stands in its place, which it does for the newest writes only.
    [[nodiscard]] Result<const GivenMachine*> read(Position after) const noexcept {
        if (after == Position{}) return &state();
        const pair::Ticket ticket = nodes().narrow(after);
        if (pair::detail::is_after(ticket.index, self().applied)) return Error::not_yet;
        const std::uint32_t epoch = self().log.reaches(ticket.index) ? self().epoch_at(ticket.index) : 0;
        if (epoch != 0 && after.epoch != Epoch{} && epoch != ticket.epoch) return Error::discarded;
        return &state();
    }
    /// The newest position that is in the state of this node; without its epoch, where the log no longer has it.
    [[nodiscard]] Position position() const noexcept { return position_at(self().applied); }

    [[nodiscard]] Role role() const noexcept { return core_.role(); }
    /// Who leads as far as this node knows; NodeId{} for nobody.
    [[nodiscard]] NodeId leader() const noexcept { return core_.leader(); }
    /// The newest entry of this node's log, applied or not; its epoch as in `position`.
    [[nodiscard]] Position last() const noexcept { return position_at(self().log.last()); }
    /// Up to here this node may apply. Positions of a pair go around at 2^32.
    [[nodiscard]] Index commit() const noexcept { return profile::detail::wide(self().commit); }
    [[nodiscard]] Index applied() const noexcept { return profile::detail::wide(self().applied); }
    /// Up to here this node has acknowledged writes, while it leads.
    [[nodiscard]] Index acknowledged() const noexcept { return profile::detail::acknowledged(core_); }

    [[nodiscard]] NodeStatus status() const noexcept { return profile::detail::report(core_, was_promoted_); }

    /// Asks to lead: call it on a follower when the leader is gone, or when this node shall lead instead. Without a
    /// link, the node leads when the call returns, or is refused; with one, it asks the leader to give way, and
    /// `promotion()` tells how far that is. On a node that leads it does nothing.
    /// Errors: not_bootstrapped (a blank node), nodes_missing (this node may lack what was acknowledged), stale_epoch
    /// (all epochs are spent; or, with `unless_led`, the other leads), busy (already under way), faulted.
    [[nodiscard]] Result<void> promote(const PromotionOptions& options = {}) noexcept {
        static_assert(leads && follows, "Only a node whose Roles are Both can be promoted.");
        if (options.unless_led && role() == Role::follower && leader() != NodeId{}) return Error::stale_epoch;
        was_promoted_ = was_promoted_ || role() == Role::follower;
        const Result<void> begun = core_.promote(options);
        announce();
        return begun;
    }

    /// How far the newest promotion of this node has come, and what it lacks.
    [[nodiscard]] PromotionStatus<1> promotion() const noexcept {
        PromotionStatus<1> status = profile::detail::report_promotion(core_, was_promoted_);
        if (status.step != PromotionStep::none) status.newest = last();
        return status;
    }

    /// Lets the other node lead in this leader's place, and loses nothing: writes are refused as handing_over until the
    /// other leads and this node follows it, or begins a new link without having taken over.
    /// Errors: not_leader, handing_over, not_enough_followers (it is not there, or cannot lead), faulted.
    [[nodiscard]] Result<void> hand_over(NodeId to) noexcept {
        static_assert(leads && follows, "Only a node whose Roles are Both can hand over: it follows afterwards.");
        static_assert(Limits::HandOver::present, "Options::HandOver is absent: a node of this type cannot hand over.");
        const Result<void> begun = core_.hand_over(to);
        announce();
        return begun;
    }

    /// Stops leading in order: refuses writes as handing_over, and hands over, again if need be. The call only begins
    /// it; when `drain_status()` says done, the other leads and this node may stop. When it says late, this node takes
    /// writes again as after a hand-over that failed.
    /// Errors: not_leader, handing_over (it drains already), faulted.
    [[nodiscard]] Result<void> drain(Duration within) noexcept {
        static_assert(can_drain, "Options::can_drain is false: a node of this type cannot be drained.");
        const Error begun = drain_.begin(core_, within);
        announce();
        return begun;
    }
    /// How far the newest drain has come; when it was late, what was missing.
    [[nodiscard]] DrainStatus drain_status() const noexcept {
        static_assert(can_drain, "Options::can_drain is false: a node of this type cannot be drained.");
        return drain_.status();
    }

    /// True when this node leads, the entry that opened its epoch is acknowledged, and under ack::SemiSync the other
    /// has answered within `failure_timeout`.
    [[nodiscard]] bool confirmed() const noexcept { return profile::detail::is_confirmed(core_, self().now); }
    [[nodiscard]] bool confirmed(Instant now) const noexcept {
        return profile::detail::is_confirmed(core_, static_cast<std::uint32_t>(now.microseconds));
    }

    /// The link to the other starts anew; it is gone. A node that is no peer is passed over.
    void connected(NodeId peer) noexcept {
        core_.connected(peer);
        awake_ = false;
        announce();
    }
    void disconnected(NodeId peer) noexcept {
        core_.cut_off(peer);
        awake_ = false;
        announce();
    }

    /// Bytes came from `peer`: in any pieces, or, over a transport that delivers frames, what one `transmit` wrote.
    /// Errors: corrupt (not on a line, whose damage is only counted), wrong_version (a node of a group spoke),
    /// wrong_node (no such peer), faulted.
    [[nodiscard]] Result<void> receive(NodeId peer, std::span<const std::byte> bytes) noexcept {
        const Result<void> taken = core_.receive(peer, bytes);
        announce();
        if (on_line && taken.error() == Error::corrupt) return {};
        return taken;
    }

    /// Writes one frame that `peer` is owed, and returns its size; 0 when there is none now, or the buffer has less
    /// than `transmit_bytes_min` bytes.
    [[nodiscard]] std::size_t transmit(NodeId peer, std::span<std::byte> buffer) noexcept {
        const std::size_t size = core_.transmit(peer, buffer);
        if constexpr (wakes) awake_ = awake_ && size != 0;
        return size;
    }

    /// Time passed. Of `now` only the low 32 bits count, so it may go around after 71 minutes. Call it at least every
    /// half `heartbeat_interval`.
    void tick(Instant now) noexcept {
        core_.tick(now);
        announce();
    }
    /// For loops that call it: there is never anything left to do.
    void flush() noexcept {}

    // What a group has beside.

    Result<void> admit(NodeId) noexcept {
        static_assert(profile::detail::never<Limits>,
                      "profile::Pair admits its follower by itself, as soon as it holds everything.");
        return {};
    }
    Result<const GivenMachine*> read(Session&) const noexcept {
        static_assert(profile::detail::never<Limits>,
                      "profile::Pair has no sessions, because its positions go around: read at the position of an "
                      "acknowledgement.");
        return Error::not_yet;
    }
    int authority() noexcept {
        static_assert(profile::detail::never<Limits>,
                      "profile::Pair has no Options::Authority: who may lead is decided by promote and hand_over.");
        return 0;
    }
    int log() const noexcept {
        static_assert(profile::detail::never<Limits>, "profile::Pair does not show its log: see status().");
        return 0;
    }

private:
    static constexpr bool on_line = [] {
        if constexpr (replicator::detail::SaysWhatItDelivers<GivenTransport>) {
            return GivenTransport::delivers == Delivers::line;
        } else {
            return false;
        }
    }();

    [[nodiscard]] const auto& self() const noexcept { return core_.self(); }
    [[nodiscard]] profile::detail::Nodes nodes() const noexcept { return profile::detail::nodes_of(core_); }

    [[nodiscard]] static constexpr NodeId peer_of(const Config& config) noexcept {
        REPLICATOR_ASSERT(config.nodes.size() == 2);
        return config.nodes[0] == config.node ? config.nodes[1] : config.nodes[0];
    }
    [[nodiscard]] static constexpr pair::Config core_config(const Config& config) noexcept {
        REPLICATOR_ASSERT(config.nodes.size() == 2);
        REPLICATOR_ASSERT(config.nodes[0] == config.node || config.nodes[1] == config.node);
        REPLICATOR_ASSERT(config.run != Run{});
        REPLICATOR_ASSERT(config.cluster == ClusterId{} && config.group == GroupId{});  // a line has two ends
        REPLICATOR_ASSERT(!config.leads_again);
        return {config.node, peer_of(config), profile::detail::narrow(config.run)};
    }
    void begin() noexcept {
        if constexpr (requires { transport_.attach(*this); }) transport_.attach(*this);
        announce();
    }

    [[nodiscard]] Position position_at(std::uint32_t index) const noexcept {
        return {nodes().wide(self().epoch_at(index)), profile::detail::wide(index)};
    }
    /// Tells the observer what has changed, and the transport when there is something to say, and it has not been told
    /// yet.
    void announce() noexcept {
        drain_.go_on(core_);
        if constexpr (!is_deaf) told_.notice(core_);
        if constexpr (wakes) {
            if (awake_ || !core_.owes()) return;
            awake_ = true;
            transport_.wake(*this, core_.peer());
        }
    }

    GivenTransport& transport_;
    Core core_;  // keeps the address of what stands behind it, and calls nobody before all is made
    [[no_unique_address]] std::conditional_t<is_deaf, pair::detail::Absent<2>, Told> told_;
    [[no_unique_address]] std::conditional_t<can_drain, profile::detail::Drain, profile::detail::NoDrain> drain_;
    bool awake_ = false;
    bool was_promoted_ = false;
};

}  // namespace replicator
