// SPDX-License-Identifier: BSL-1.0
// The two messages of a promotion, which need no link: a candidate asks, each node answers what it holds.
//
// The first question binds nobody. The second asks for a promise: to take part in no epoch before the candidate's, from
// now on. An answer repeats the candidate's run and the number of the question, so that one from another time is told
// apart.
#pragma once

#include "frame.hpp"

#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

namespace ballot_flags {
inline constexpr std::uint32_t binding = 1;     ///< of a request: asks for a promise
inline constexpr std::uint32_t counts = 2;      ///< of a reply: its own log says that this incarnation counts
inline constexpr std::uint32_t installing = 4;  ///< of a reply: its state will be replaced, but is whole until then
inline constexpr std::uint32_t leads = 8;       ///< of a reply: it led when it was asked
inline constexpr std::uint32_t candidate = 16;  ///< of a reply: it asks to lead itself, because somebody told it to
}  // namespace ballot_flags

struct PromiseRequest {
    ClusterId cluster{};
    HistoryId history{};
    GroupId group{};
    NodeId sender{};
    NodeId receiver{};
    std::uint32_t flags = 0;
    Run run{};
    std::uint64_t question = 0;  ///< its number, never used twice in a run
    Epoch epoch;                 ///< that the sender wants to open; only of a binding one
    std::uint32_t membership = 0;
    std::uint32_t policy = 0;

    [[nodiscard]] bool binding() const noexcept { return (flags & ballot_flags::binding) != 0; }

    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& request) noexcept {
        bytes.each(request.cluster, request.history, request.group, request.sender, request.receiver, request.flags,
                   request.run, request.question, request.epoch, request.membership, request.policy);
    }
};

struct PromiseReply {
    ClusterId cluster{};
    HistoryId history{};
    GroupId group{};
    NodeId sender{};
    NodeId receiver{};
    std::uint32_t flags = 0;
    Run receiver_run{};
    std::uint64_t question = 0;
    Run run{};
    Incarnation incarnation{};
    Epoch promised;
    Position last;
    Chain last_chain{};
    NodeId seat{};
    Position commit;  ///< the newest that the sender knows to be committed, perhaps beyond its log
    Index first;
    Index suspect_from;  ///< 0: from nowhere
    Index seat_index;
    std::uint32_t policy = 0;
    std::uint32_t membership = 0;
    Index membership_index;

    [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }

    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& reply) noexcept {
        bytes.each(reply.cluster, reply.history, reply.group, reply.sender, reply.receiver, reply.flags,
                   reply.receiver_run, reply.question, reply.run, reply.incarnation, reply.promised, reply.last,
                   reply.last_chain, reply.seat, reply.commit, reply.first, reply.suspect_from, reply.seat_index,
                   reply.policy, reply.membership, reply.membership_index);
    }
};

inline std::size_t write_head(std::byte* head, const PromiseRequest& request) noexcept {
    return write_fields(head, request, FrameType::promise_request);
}

inline std::size_t write_head(std::byte* head, const PromiseReply& reply) noexcept {
    return write_fields(head, reply, FrameType::promise_reply);
}

[[nodiscard]] inline PromiseRequest read_promise_request(const std::byte* head) noexcept {
    return read_fields<PromiseRequest>(head);
}

[[nodiscard]] inline PromiseReply read_promise_reply(const std::byte* head) noexcept {
    return read_fields<PromiseReply>(head);
}

}  // namespace replicator::core
