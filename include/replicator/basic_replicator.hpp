// SPDX-License-Identifier: BSL-1.0
// The class Replicator: joins a state machine, a log, an acknowledgement policy and a transport into a node.
#pragma once

#include "api/drain.hpp"
#include "api/observer.hpp"
#include "api/options.hpp"
#include "api/promotion.hpp"
#include "api/session.hpp"
#include "api/status.hpp"
#include "api/write.hpp"
#include "authority/manual.hpp"
#include "codec/select.hpp"
#include "concepts/ack_policy.hpp"
#include "concepts/checks/requirements.hpp"
#include "concepts/codec.hpp"
#include "concepts/log_policy.hpp"
#include "concepts/state_machine.hpp"
#include "concepts/transport.hpp"
#include "core/node/node.hpp"
#include "core/node/report.hpp"
#include "core/stream/aside.hpp"
#include "fwd.hpp"
#include "result.hpp"
#include "types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace replicator::testing {

struct Inspect;

}  // namespace replicator::testing

namespace replicator {

/// One node of a group. The four policies are the library's or yours, see the concepts; `Limits` are the bounds
/// (api/options.hpp), `Observer` is told what happens (api/observer.hpp).
///
/// A node belongs to one thread or strand. No call blocks, throws, allocates (beyond what the policies do) or calls
/// back into the caller, except for `Transport::wake`, the observer, and `apply`.
///
/// A node stays where it was made, because its transport knows it by its address: it is neither copied nor moved. Hold
/// it in a `std::optional` (`emplace`), a `std::unique_ptr` or a `std::list`.
template <class GivenMachine, class Log, class Ack, class GivenTransport, class Limits, class Observer>
class Replicator {
    // Complains, where it has to.
    static_assert(sizeof(detail::Requirements<GivenMachine, Log, Ack, GivenTransport>) > 0);

    using Machine = detail::Fitting<GivenMachine>;
    using ChosenCodec = codec::Select<Machine>;
    static_assert(Codec<ChosenCodec, typename Machine::Command>,
                  "The codec of the command is not a Codec: see the members in replicator/concepts/codec.hpp.");
    using Composition = core::Composition<Machine, ChosenCodec, Log, Ack, Limits, Observer, GivenTransport>;

public:
    using Command = typename Machine::Command;
    using Stored = StoredResult<ApplyResult<Machine>>;
    using Outcome = replicator::Outcome<Stored>;
    using NodeStatus = replicator::NodeStatus<Composition::peers_max, CountersOf<Limits>>;

    /// The stage at which holders are counted. The log decides where the policy leaves it open.
    static constexpr Stage stage = Composition::stage;
    /// A buffer for `transmit` must have at least so many bytes, or some frames never fit.
    static constexpr std::size_t transmit_bytes_min = Composition::transmit_bytes_min;
    static constexpr std::size_t command_bytes_max = Composition::command_bytes_max;
    /// Whether there are `bootstrap` and `write`, `promote`, `hand_over`, `drain`: where a part is absent, calls that
    /// need it do not compile.
    static constexpr bool can_lead = Composition::leads;
    static constexpr bool can_be_promoted = Composition::asks;
    static constexpr bool can_hand_over = Composition::hands_over;
    static constexpr bool can_drain = Composition::drains;

    /// What an acknowledged write can rely on in a group of `nodes` nodes. Assert on it.
    [[nodiscard]] static constexpr Guarantee guarantee(std::size_t nodes = Limits::nodes_max) noexcept {
        return guarantee_of<Ack>(nodes, stage);
    }

    /// A blank follower. The transport and the observer must outlive it. `config` is checked by REPLICATOR_ASSERT.
    Replicator(GivenTransport& transport, const Config& config) noexcept requires std::is_same_v<Observer, NoObserver>
        : Replicator(transport, config, nullptr) {}
    Replicator(GivenTransport& transport, const Config& config, Observer& observer) noexcept
        : Replicator(transport, config, &observer) {}

    /// A follower that goes on from `log`, which was opened for this node; on a disk it begins where it ended before.
    /// When the log is not this node's, was written by another program, or is damaged, the node is faulted, and
    /// `status().fault` says why. O(bytes of the newest state and of the log behind it).
    Replicator(GivenTransport& transport, const Config& config, Log log) noexcept
        requires(std::is_same_v<Observer, NoObserver>&& Composition::is_durable)
        : Replicator(transport, config, std::move(log), nullptr) {}
    Replicator(GivenTransport& transport, const Config& config, Log log,
               Observer& observer) noexcept requires Composition::is_durable
        : Replicator(transport, config, std::move(log), &observer) {}
    // The compiler shows these lines to whoever tries.
    Replicator(const Replicator&) = delete;             // a node can be neither copied nor moved: make it in its place
    Replicator& operator=(const Replicator&) = delete;  // a node can be neither copied nor moved: make it in its place
    ~Replicator() {
        if constexpr (requires { transport_.detach(*this); }) transport_.detach(*this);
    }

    [[nodiscard]] NodeId id() const noexcept { return node_.self().id; }

    /// Begins a history on this blank node, which leads it from now on. Do it once, on one node of the group;
    /// `history` is drawn at random. Errors: already_bootstrapped (it holds entries, or follows), log_full, log_failed,
    /// faulted.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) noexcept {
        static_assert(can_lead, "Options::Roles is roles::FollowsOnly: a node of this type never leads.");
        REPLICATOR_ASSERT(history != HistoryId{});
        const Result<void> begun = node_.relations().bootstrap(history);
        announce();
        return begun;
    }

    /// Appends a command, which is encoded before the call returns, and names it by a ticket. Ask `outcome` about the
    /// ticket. Amortised O(bytes of the command).
    ///
    /// Errors, after which nothing has changed: not_leader, busy (as much is pending as the options allow), too_large,
    /// log_full, log_failed (a disk), not_enough_followers (only where the policy says to fail), handing_over, faulted;
    /// and lease_over, where the authority is a lease: give the time then, because this call knows only that of the
    /// last `tick`.
    [[nodiscard]] Result<Ticket> write(const Command& command) noexcept {
        if (const Error error = append(command); error != Error::none) {
            ++node_.self().counters.refused_writes;
            return error;
        }
        wake_readers();
        ask_for_flush();
        return Ticket{{node_.self().epoch, node_.self().log().last()}};
    }

    /// The same at `now`, which is what a lease is checked against.
    [[nodiscard]] Result<Ticket> write(const Command& command, Instant now) noexcept {
        tick(now);
        return write(command);
    }

    /// Where an accepted write stands: pending, acknowledged with what it can rely on, or unknown. O(nodes).
    [[nodiscard]] Outcome outcome(Ticket ticket) const noexcept {
        static_assert(can_lead, "Options::Roles is roles::FollowsOnly: a node of this type takes no writes.");
        Outcome outcome;
        outcome.state = node_.parts().leader.state_of(node_.self(), ticket);
        if (outcome.state != WriteState::acknowledged) return outcome;
        const std::size_t nodes = node_.self().node_count;
        const std::size_t holders = node_.parts().leader.holders(node_.peers(), ticket.position.index);
        outcome.acknowledgement = {ticket.position, stage, holders, holders < Ack::holders(nodes)};
        if (const auto* result = node_.applier().result(ticket.position.index)) {
            outcome.result = *result;
            outcome.result_kept = true;
        }
        return outcome;
    }

    /// The state of this node as it is: on a follower it may be old, but it is always one that the leader once had.
    [[nodiscard]] const GivenMachine& state() const noexcept { return node_.applier().machine(); }

    /// The state, if the write at `after` is in it. Errors: not_yet; discarded, when another write stands in its place.
    [[nodiscard]] Result<const GivenMachine*> read(Position after) const noexcept {
        const Index applied = node_.applier().applied();
        if (node_.self().epochs().excludes(after, applied)) return Error::discarded;
        if (applied < after.index) return Error::not_yet;
        return &state();
    }

    /// The same for what a session has seen. What this node shows now, the session has seen from then on.
    [[nodiscard]] Result<const GivenMachine*> read(Session& session) const noexcept {
        const Result<const GivenMachine*> machine = read(session.newest());
        if (machine) session.saw(position());
        return machine;
    }
    /// The newest position that is in the state of this node.
    [[nodiscard]] Position position() const noexcept { return {node_.self().epochs().at(applied()), applied()}; }

    /// Where a lease is granted and revoked, see authority/lease.hpp.
    [[nodiscard]] auto& authority() noexcept { return node_.self().authority; }

    [[nodiscard]] Role role() const noexcept { return node_.self().role; }
    /// Who leads as far as this node knows; NodeId{} for nobody.
    [[nodiscard]] NodeId leader() const noexcept { return node_.self().leader; }
    /// The newest entry of this node's log, applied or not.
    [[nodiscard]] Position last() const noexcept { return node_.self().last(); }
    /// Up to here this node may apply.
    [[nodiscard]] Index commit() const noexcept { return node_.self().commit; }
    [[nodiscard]] Index applied() const noexcept { return node_.applier().applied(); }
    /// Up to here this node has acknowledged writes, as a leader.
    [[nodiscard]] Index acknowledged() const noexcept { return node_.parts().leader.acknowledged(); }

    /// A copy of everything that people look at. O(nodes + entries in a part of the log).
    [[nodiscard]] NodeStatus status() const noexcept { return core::report(node_); }

    /// Asks to lead: call it on a follower when the leader is gone, or when this node shall lead instead. The call only
    /// begins it; `promotion()` tells how far it is, and it ends by itself within three times
    /// `Options::promotion_timeout`, unless a tail is being fetched. Without options it loses no acknowledged write, or
    /// is refused and says who is missing. On a node that leads it does nothing.
    /// Errors: not_bootstrapped (a blank node), busy (already under way), lease_over (where the authority is a lease),
    /// faulted.
    [[nodiscard]] Result<void> promote(const PromotionOptions& options = {}) noexcept {
        static_assert(Composition::promotes, "Options::Promotion is absent: a node of this type cannot be promoted.");
        static_assert(can_lead, "Options::Roles is roles::FollowsOnly: a node of this type never leads.");
        const Result<void> begun = node_.relations().promote(options);
        announce();
        return begun;
    }

    /// How far the newest promotion of this node has come, and what it lacks. O(nodes).
    [[nodiscard]] PromotionStatus<Composition::peers_max> promotion() const noexcept {
        return node_.parts().promotion.status(node_.self(), node_.peers());
    }

    /// Lets `to` lead in this leader's place, and loses nothing: writes are refused as handing_over until `to` holds
    /// everything and leads, and this node follows it. When `to` goes away meanwhile, or takes longer than
    /// `Options::promotion_timeout`, this node goes on leading, if need be by a promotion for which it asks by itself.
    /// Errors: not_leader, handing_over, not_enough_followers (`to` is not connected, does not count or is still
    /// catching up), faulted.
    [[nodiscard]] Result<void> hand_over(NodeId to) noexcept {
        static_assert(Composition::hands_over, "Options::HandOver is absent: a node of this type cannot hand over.");
        const Result<void> begun = node_.relations().hand_over(to);
        announce();
        return begun;
    }

    /// Stops leading in order: refuses writes as handing_over, waits for what is pending, and tells the first follower
    /// that holds everything to lead, or another one if that fails. The call only begins it; it ends `within` that
    /// time, or once nobody was heard for `Options::promotion_timeout`. When `drain_status()` says done, this node may
    /// stop: the new leader holds all that was acknowledged, also under ack::Async. When it says late, this node takes
    /// writes again if it still leads. Meanwhile it does not ask to lead again.
    /// Errors: not_leader (nothing to hand over: stop it), handing_over (it drains already), faulted.
    [[nodiscard]] Result<void> drain(Duration within) noexcept {
        static_assert(Limits::can_drain, "Options::can_drain is false: a node of this type cannot be drained.");
        static_assert(Composition::hands_over, "Options::HandOver is absent: a node of this type cannot be drained.");
        const Result<void> begun = node_.relations().drain(within);
        announce();
        return begun;
    }
    /// How far the newest drain has come; when it was late, what was missing.
    [[nodiscard]] DrainStatus drain_status() const noexcept { return node_.parts().giving_way.status(node_.self()); }

    /// True when this node leads, the entry that opened its epoch is acknowledged, and enough nodes have answered it
    /// within `Options::failure_timeout`: so long ago at most, its state was the newest there is. A leader that is cut
    /// off says false after that time, as of the last `tick`. Where a policy lets a leader acknowledge alone
    /// (`ack::Async`, `WhenMissing::degrade`), nobody has to answer, and another node may lead. O(nodes).
    [[nodiscard]] bool confirmed() const noexcept { return confirmed(node_.self().now); }
    [[nodiscard]] bool confirmed(Instant now) const noexcept {  // for a process that may have slept since then
        return node_.parts().leader.confirmed(node_.self(), node_.peers(), now);
    }

    /// Lets the present incarnation of `node` count at once, on the word of somebody who knows that no other leader
    /// acknowledges writes. Errors: not_leader, not_enough_followers (the node is not connected), log_full.
    [[nodiscard]] Result<void> admit(NodeId node) noexcept {
        if (role() != Role::leader) return Error::not_leader;
        const Result<void> admitted = node_.parts().leader.admit(node_.self(), node_.applier(), node_.peers(), node);
        announce();
        return admitted;
    }

    /// A stream or link to `peer` starts anew, see concepts/transport.hpp.
    void connected(NodeId peer) noexcept {
        if (core::Peer* const found = node_.find(peer)) node_.relations().begin_anew(*found, true);
        announce();
    }
    /// It is gone: the peer counts as down at once. A node that is no peer is passed over, here and in `connected`.
    void disconnected(NodeId peer) noexcept {
        if (core::Peer* const found = node_.find(peer)) node_.relations().begin_anew(*found, false);
        announce();
    }
    /// For a second stream to a peer whose first one stands, see TR-10 in concepts/transport.hpp.
    [[nodiscard]] auto aside() noexcept { return core::Aside<Composition, core::Node<Composition>>(node_); }

    /// Bytes came from `peer`, in any pieces. Errors: corrupt, protocol (a peer that breaks the rules), wrong_node (no
    /// such peer), faulted. A stream must be closed then; on a line and with frames the loop goes on, but for the last
    /// two: `after_error(delivers, error)` says so.
    [[nodiscard]] Result<void> receive(NodeId peer, std::span<const std::byte> bytes) noexcept {
        core::Peer* const found = node_.find(peer);
        if (found == nullptr) return Error::wrong_node;
        const Error error = node_.receive(*found, bytes);
        announce();
        return error;
    }

    /// Writes one frame that `peer` is owed, and returns its size; 0 when there is none now. The buffer should have
    /// room for `transmit_bytes_min` bytes, or a frame may have to wait for a larger one.
    [[nodiscard]] std::size_t transmit(NodeId peer, std::span<std::byte> buffer) noexcept {
        core::Peer* const found = node_.find(peer);
        if (found == nullptr) return 0;
        const std::size_t size = node_.transmit(*found, buffer);
        if (size == 0) found->awake = false;
        return size;
    }
    /// The same, for a transport that asks `more` instead of calling until it gets 0: whether a further call may write
    /// something now. When not, `wake` tells of the next time.
    [[nodiscard]] std::size_t transmit(NodeId peer, std::span<std::byte> buffer, bool& more) noexcept {
        more = false;
        core::Peer* const found = node_.find(peer);
        if (found == nullptr) return 0;
        const std::size_t size = node_.transmit(*found, buffer);
        more = size != 0 && core::next_owed(node_.parts(), *found) != core::Owed::nothing;
        found->awake = more;
        return size;
    }

    /// Time passed; `now` never runs backwards: a counter of 32 bits needs a `Clock32`. Back by more than
    /// `heartbeat_interval` is an assertion; else it is counted, and time goes on from where it was (leases end early).
    /// Call it at least every half `heartbeat_interval`, or heartbeats are late.
    ///
    /// A gap longer than half of `failure_timeout` is taken for a pause of this node itself, which blames nobody for
    /// the silence: the peers' time to be heard of begins anew. Where every gap is so long, a dead peer is never
    /// noticed: its link stands, the seat does not move, and writes that need the peer stay pending.
    void tick(Instant now) noexcept {
        node_.tick(now);
        announce();
    }

    /// Over a log on a disk: begins to flush what was written, and finds out what an earlier flush has done. A
    /// transport with `flush_soon` calls it; otherwise call it once in each turn of the loop, after `transmit`, so that
    /// the disks of leader and followers work at the same time. A follower flushes what it receives by itself. With a
    /// storage that flushes in the call, it returns when the disk is done. Over any log: goes on with what is committed
    /// and was more than `Options::apply_bytes_per_call`.
    void flush() noexcept {
        flush_asked_ = false;
        node_.applier().begin_call();
        core::flush(node_.parts());
        core::apply_more(node_.parts());
        announce();
    }

    /// Over a log on a disk: flushes, and notes that the node stopped in order. It takes part no more; its status shows
    /// the fault `stopped`. Errors: log_full, log_failed, faulted.
    [[nodiscard]] Result<void> close() noexcept requires Composition::is_durable {
        if (role() == Role::faulted) return Error::faulted;
        const Error error = node_.self().history.close();
        if (error == Error::none) node_.self().fail(Error::stopped);
        return error;
    }

    /// The log, for what it has to tell; see log/file.hpp.
    [[nodiscard]] const Log& log() const noexcept { return node_.self().log(); }

private:
    friend struct testing::Inspect;

    Replicator(GivenTransport& transport, const Config& config, Observer* observer) noexcept
        : transport_(transport), node_(config, observer) {
        static_assert(!Composition::is_durable,
                      "A node over a log on a disk is given the log that was opened for it: Node(transport, config, "
                      "std::move(log)).");
        begin();
    }
    Replicator(GivenTransport& transport, const Config& config, Log&& log, Observer* observer) noexcept
        : transport_(transport), node_(config, observer, std::move(log)) {
        begin();
    }
    void begin() noexcept {
        node_.relations().begin(transport_);
        if constexpr (requires { transport_.attach(*this); }) transport_.attach(*this);
        announce();
    }

    [[nodiscard]] Error append(const Command& command) noexcept {
        static_assert(can_lead, "Options::Roles is roles::FollowsOnly: a node of this type takes no writes.");
        if (role() != Role::leader) return role() == Role::faulted ? Error::faulted : Error::not_leader;
        return node_.parts().leader.write(node_.self(), node_.applier(), node_.peers(), ChosenCodec::size(command),
                                          [&command](std::span<std::byte> to) { ChosenCodec::encode(command, to); });
    }

    /// Tells the transport what there is to do: peers that are owed something, and a flush that is not begun.
    void announce() noexcept {
        wake_peers();
        ask_for_flush();
    }
    void ask_for_flush() noexcept {
        constexpr bool can_be_due = Composition::is_durable || Composition::applies_in_portions;
        if constexpr (can_be_due && requires { transport_.flush_soon(*this); }) {
            if (flush_asked_ ||
                !(node_.parts().disk.flush_due(node_.self()) || node_.applier().is_behind(node_.self())))
                return;
            flush_asked_ = true;
            transport_.flush_soon(*this);
        }
    }
    /// Else nobody need know who is owed something before `transmit` is asked.
    static constexpr bool wakes = !requires { requires !GivenTransport::wakes; };

    void wake_peers() noexcept {
        if constexpr (wakes) core::wake_peers(node_.parts(), [this](NodeId peer) { transport_.wake(*this, peer); });
    }
    void wake_readers() noexcept {
        if constexpr (!wakes) return;
        if constexpr (Composition::commits_alone) return wake_peers();  // they are owed the commit index, too
        core::wake_readers(node_.parts(), [this](NodeId peer) { transport_.wake(*this, peer); });
    }

    GivenTransport& transport_;
    core::Node<Composition> node_;
    bool flush_asked_ = false;
};

}  // namespace replicator
