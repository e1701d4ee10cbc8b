// SPDX-License-Identifier: BSL-1.0
// The messages that make another node lead. Two of a promotion, which need no link: a candidate asks, each node answers
// what it holds. And on a link, a leader's wish that the follower lead in its place.
//
// The first question binds nobody. The second asks for a promise: to take part in no epoch before the candidate's, from
// now on. An answer repeats the candidate's run and the number of the question, so that one from another time is told
// apart.
#pragma once

#include "frame.hpp"

#include "../../encoding/layout.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

namespace ballot_flags {
inline constexpr std::uint32_t binding = 1;     ///< of a request: asks for a promise
inline constexpr std::uint32_t counts = 2;      ///< of a reply: its own log says that this incarnation counts
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

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& request) noexcept {
        bytes.each(request.cluster, request.history, request.group, request.sender, request.receiver, request.flags,
                   request.run, request.question, request.epoch, request.membership, request.policy);
    }
};
static_assert(Layout<PromiseRequest> && sizeof(PromiseRequest) == wire_bytes::promise_request);

struct PromiseReply {
    ClusterId cluster{};
    GroupId group{};
    NodeId sender{};
    NodeId receiver{};
    std::uint32_t flags = 0;
    Run receiver_run{};
    std::uint64_t question = 0;
    Incarnation incarnation{};
    Epoch promised;
    Position last;
    Position commit;     ///< the newest that the sender knows to be committed, perhaps beyond its log
    Index suspect_from;  ///< 0: from nowhere

    [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& reply) noexcept {
        bytes.each(reply.cluster, reply.group, reply.sender, reply.receiver, reply.flags, reply.receiver_run,
                   reply.question, reply.incarnation, reply.promised, reply.last, reply.commit, reply.suspect_from);
    }
};
static_assert(Layout<PromiseReply> && sizeof(PromiseReply) == wire_bytes::promise_reply);

/// Leader to the follower that is to lead in its place, once that holds everything up to `last`.
struct HandOver {
    Position last;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& hand_over) noexcept {
        bytes.each(hand_over.last);
    }
};
static_assert(Layout<HandOver> && sizeof(HandOver) == wire_bytes::hand_over);

inline std::size_t write_head(std::byte* head, const PromiseRequest& request) noexcept {
    return write_fields(head, request, FrameType::promise_request);
}

inline std::size_t write_head(std::byte* head, const PromiseReply& reply) noexcept {
    return write_fields(head, reply, FrameType::promise_reply);
}

inline std::size_t write_head(std::byte* head, const HandOver& hand_over, LinkId link) noexcept {
    return write_fields(head, hand_over, FrameType::hand_over, link);
}

[[nodiscard]] inline PromiseRequest read_promise_request(const std::byte* head) noexcept {
    return read_fields<PromiseRequest>(head);
}

[[nodiscard]] inline PromiseReply read_promise_reply(const std::byte* head) noexcept {
    return read_fields<PromiseReply>(head);
}

[[nodiscard]] inline HandOver read_hand_over(const std::byte* head) noexcept { return read_fields<HandOver>(head); }

}  // namespace replicator::core
