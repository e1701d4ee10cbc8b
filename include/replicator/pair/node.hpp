// SPDX-License-Identifier: BSL-1.0
// pair::Node: a state machine on two boards that are joined by one line, for where flash is counted in kilobytes.
#pragma once

#include "options.hpp"
#include "parts/wire.hpp"
#include "protocol.hpp"

#include "../api/observer.hpp"
#include "../api/promotion.hpp"
#include "../api/write.hpp"
#include "../assert.hpp"
#include "../codec/select.hpp"
#include "../concepts/ack_policy.hpp"
#include "../concepts/codec.hpp"
#include "../concepts/state_machine.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace replicator::pair {

struct Inspect;

/// Where a write stands, and how many nodes hold it.
struct Outcome {
    WriteState state = WriteState::unknown;
    std::uint32_t holders = 0;
};

/// One of two nodes. The calls and their errors are those of `replicator::Replicator`; what is other is said here.
///
/// `Ack` is `ack::SemiSync<>` or `ack::Async<>`. `Limits` names the parts and the bounds, see pair/options.hpp.
/// `Observer` may have `on_discarded(pair::Ticket, const Command&)` and `on_role(Role, std::uint32_t epoch)`.
///
/// A node belongs to one thread. No call blocks, throws or allocates.
template <class Machine, class Ack, class Limits = Options, class Observer = NoObserver>
class Node {
    using SelectedCodec = codec::Select<Machine>;
    using Roles = typename Limits::Roles;
    using Protocol = detail::Protocol<Machine, SelectedCodec, Ack, Limits, Observer>;
    static constexpr bool whole_frames = Limits::Delivery::whole_frames;

    static_assert(StateMachine<Machine>, "A pair needs a state machine, see replicator/concepts/state_machine.hpp.");
    static_assert(RawSaveable<Machine>,
                  "The state of a pair goes to the other node as its bytes: the state machine must be trivially "
                  "copyable, without pointers and padding.");
    static_assert(Ack::kind == PolicyKind::semi_sync || Ack::kind == PolicyKind::async,
                  "A pair acknowledges by ack::SemiSync or ack::Async.");
    static_assert(Ack::when_missing == WhenMissing::wait, "A pair waits for its follower: WhenMissing::wait.");

public:
    using Command = typename Machine::Command;

    /// A buffer for `transmit` must have so many bytes.
    static constexpr std::size_t transmit_bytes_min =
        whole_frames ? Limits::frame_bytes_max : detail::line_bytes(Limits::frame_bytes_max);
    static constexpr std::size_t command_bytes_max = Protocol::command_bytes_max;
    static constexpr Duration failure_timeout = Limits::failure_timeout;
    static constexpr std::uint32_t before_first = Limits::before_first;
    /// A write waits for the other node.
    static constexpr bool waits = Ack::kind == PolicyKind::semi_sync;

    /// A blank follower.
    explicit Node(const Config& config) noexcept requires std::is_same_v<Observer, NoObserver> : Node(config, nullptr) {
    }
    /// The observer must outlive the node.
    Node(const Config& config, Observer& observer) noexcept : Node(config, &observer) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Begins a history on this blank node. Errors: already_bootstrapped, stale_epoch (all epochs are
    /// spent), faulted.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) noexcept requires(Roles::leads) {
        const auto drawn = static_cast<std::uint32_t>(value(history) ^ value(history) >> 32);
        REPLICATOR_ASSERT(history != HistoryId{});
        return protocol_.bootstrap(drawn != 0 ? drawn : 1);
    }

    /// Errors: not_leader, busy (the log is full of what is pending), too_large, handing_over, faulted.
    [[nodiscard]] Result<Ticket> write(const Command& command) noexcept requires(Roles::leads) {
        if (const Error error = protocol_.write(command); error != Error::none) return error;
        return Ticket{protocol_.self().epoch, protocol_.self().log.last()};
    }

    /// Under ack::Async a write is acknowledged at once, and `holders` says whether the other has it.
    [[nodiscard]] Outcome outcome(Ticket ticket) const noexcept requires(Roles::leads) {
        if (!protocol_.self().is_leader() || ticket.epoch != protocol_.self().epoch) return {};
        const bool pending = protocol_.self().is_between(protocol_.self().commit, ticket.index);
        return {pending ? WriteState::pending : WriteState::acknowledged,
                protocol_.self().is_agreed(ticket.index) ? std::uint32_t{2} : std::uint32_t{1}};
    }

    [[nodiscard]] const Machine& state() const noexcept { return protocol_.self().machine; }
    /// The state, if the write at `after` is in it, which must be one that was acknowledged. Errors: not_yet.
    [[nodiscard]] Result<const Machine*> read(Ticket after) const noexcept {
        if (detail::is_after(after.index, protocol_.self().applied)) return Error::not_yet;
        return &state();
    }

    [[nodiscard]] NodeId id() const noexcept { return self_; }
    [[nodiscard]] NodeId peer() const noexcept { return peer_; }
    [[nodiscard]] Role role() const noexcept { return protocol_.self().role; }
    [[nodiscard]] NodeId leader() const noexcept {
        if (protocol_.self().is_leader()) return self_;
        return protocol_.self().session != 0 ? peer_ : NodeId{};
    }
    [[nodiscard]] NodeStatus status() const noexcept { return protocol_.status(); }

    /// Asks to lead. Without a link to the leader, the node leads when the call returns, or is refused; with one, it
    /// asks the leader to give way, and `status().promotion` is `busy` until it leads or the link is gone.
    /// Errors: not_bootstrapped (blank), nodes_missing (this node may lack what was acknowledged), stale_epoch (all
    /// epochs are spent), busy, faulted.
    [[nodiscard]] Result<void> promote(const PromotionOptions& options = {}) noexcept
        requires(Roles::leads&& Roles::follows) {
        return protocol_.promote(options, self_);
    }

    /// Lets the other node lead, and loses nothing. Errors: not_leader, handing_over, not_enough_followers (it is not
    /// there, or cannot lead), faulted.
    [[nodiscard]] Result<void> hand_over(NodeId to) noexcept
        requires(Roles::leads&& Roles::follows&& Limits::can_hand_over) {
        if (to != peer_) return Error::not_enough_followers;
        return protocol_.hand_over();
    }

    /// The link starts anew.
    void connected(NodeId peer) noexcept { disconnected(peer); }
    /// The link is gone.
    void disconnected(NodeId peer) noexcept {
        if (peer == peer_) protocol_.drop();
    }

    /// The same, and there is no other link yet: hello waits for a `tick`.
    void cut_off(NodeId peer) noexcept {
        if (peer == peer_) protocol_.cut_off();
    }

    /// Bytes came: of a line in any pieces, else one frame. Errors: wrong_node, faulted; corrupt, for a damaged frame,
    /// which needs no answer; wrong_version, for a node of a group.
    [[nodiscard]] Result<void> receive(NodeId peer, std::span<const std::byte> bytes) noexcept {
        if (peer != peer_) return Error::wrong_node;
        if (protocol_.self().role == Role::faulted) return Error::faulted;
        if constexpr (whole_frames) {
            return take(bytes);
        } else {
            Error error = Error::none;
            for (const std::byte byte : bytes) {
                if (hears_group(byte)) error = protocol_.refuse_group();
                if (reader_.take(std::to_integer<std::uint8_t>(byte))) error = take(reader_.frame());
            }
            return error;
        }
    }

    /// Writes one frame that is owed, and returns its size; 0 when there is none now, or the buffer is too small.
    [[nodiscard]] std::size_t transmit(NodeId peer, std::span<std::byte> buffer) noexcept {
        if (peer != peer_ || buffer.size() < transmit_bytes_min) return 0;
        if constexpr (whole_frames) {
            if (group_spoke_) {
                group_spoke_ = false;
                store(buffer.data(), detail::first_version_hello);
                return sizeof detail::first_version_hello;
            }
        }
        // Coding for the line makes the frame longer from its beginning on, so it may stand at the end.
        std::byte* const frame = buffer.data() + (transmit_bytes_min - Limits::frame_bytes_max);
        std::size_t bytes = protocol_.write_frame(frame);
        if (bytes == 0) return 0;
        store(frame + bytes, detail::crc(frame, bytes, 0));
        bytes += detail::checksum_bytes;
        if constexpr (whole_frames) {
            return bytes;
        } else {
            return detail::code_for_line(buffer.data(), frame, bytes);
        }
    }

    /// Time passed. Only the low 32 bits count, and they may go around: call it at least every half
    /// `heartbeat_interval`.
    void tick(Instant now) noexcept { protocol_.tick(static_cast<std::uint32_t>(now.microseconds)); }

    /// A frame is owed: `transmit` would write one.
    [[nodiscard]] bool owes() const noexcept { return group_spoke_ || protocol_.owes(); }
    /// All that this node knows, for profile::Pair, which shows it by the names that a group has for it.
    [[nodiscard]] const auto& self() const noexcept { return protocol_.self(); }

private:
    friend struct Inspect;

    Node(const Config& config, Observer* observer) noexcept
        : protocol_(config.peer < config.node, config.run, observer), self_(config.node), peer_(config.peer) {
        REPLICATOR_ASSERT(self_ != NodeId{} && peer_ != NodeId{} && self_ != peer_ && config.run != 0);
    }

    /// These bytes may also be in a frame of a pair, but not in one before there is a link.
    [[nodiscard]] bool hears_group(std::byte byte) noexcept {
        newest_bytes_ = newest_bytes_ >> 8 | std::to_integer<std::uint32_t>(byte) << 24;
        return newest_bytes_ >> 8 == detail::group_hello && protocol_.self().session == 0;
    }
    [[nodiscard]] Error take(std::span<const std::byte> frame) noexcept {
        if constexpr (whole_frames) {
            if (frame.size() >= 4 && (load<std::uint32_t>(frame.data()) & 0xffffff) == detail::group_hello) {
                group_spoke_ = true;
                return protocol_.refuse_group();
            }
        }
        if (frame.size() < detail::at::end + detail::checksum_bytes) return protocol_.damaged();
        const std::span<const std::byte> content = frame.first(frame.size() - detail::checksum_bytes);
        if (detail::crc(content.data(), content.size(), 0) != load<std::uint32_t>(content.data() + content.size())) {
            return protocol_.damaged();
        }
        protocol_.take(content);
        return Error::none;
    }

    Protocol protocol_;
    [[no_unique_address]] std::conditional_t<whole_frames, detail::Absent<1>,
                                             detail::LineReader<Limits::frame_bytes_max>>
        reader_;
    NodeId self_;
    NodeId peer_;
    std::uint32_t newest_bytes_ = 0;  // of the line; the newest one is the highest
    bool group_spoke_ = false;        // and is answered, where frames come whole
};

}  // namespace replicator::pair
