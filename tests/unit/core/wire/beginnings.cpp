// SPDX-License-Identifier: BSL-1.0
// What nobody has said yet: a message without contents is all zeros on the wire, and of a peer that was never heard
// nothing is known, nothing is owed and nothing is on the way.

#include "support/frames.hpp"

#include <replicator/core/disk/log_rules.hpp>
#include <replicator/core/history/roster.hpp>
#include <replicator/core/peer/peer.hpp>
#include <replicator/core/wire/append.hpp>
#include <replicator/core/wire/hello.hpp>
#include <replicator/core/wire/promise.hpp>
#include <replicator/core/wire/snapshot.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

BOOST_AUTO_TEST_SUITE(beginnings)

namespace {

using namespace replicator;
using namespace replicator::core;

/// True when all fields of the message are zero, but for the first `skipped` bytes.
template <class... Arguments>
bool says_nothing(std::size_t skipped, const Arguments&... message) {
    std::array<std::byte, frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), message...);
    const auto fields = std::span(head).first(size).subspan(frame_header_bytes + skipped);
    return std::all_of(fields.begin(), fields.end(), [](std::byte byte) { return byte == std::byte{}; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_says_nothing_that_nobody_put_into_it) {
    BOOST_TEST(says_nothing(4, Hello{}));  // but for the versions
    BOOST_TEST((Hello{}.version_min == protocol_version && Hello{}.version_max == protocol_version));
    BOOST_TEST(says_nothing(0, PromiseRequest{}));
    BOOST_TEST(says_nothing(0, PromiseReply{}));
    BOOST_TEST(says_nothing(0, HandOver{}, LinkId{}));
    BOOST_TEST(says_nothing(0, SnapshotBegin{}, LinkId{}, std::size_t{0}));
    BOOST_TEST(says_nothing(0, SnapshotPiece{}, LinkId{}, std::size_t{0}));
    Append append;
    BOOST_TEST(says_nothing(0, append, LinkId{}, Epoch{}, std::size_t{0}));
    append.timing.emplace();
    BOOST_TEST(says_nothing(0, append, LinkId{}, Epoch{}, std::size_t{0}));
    Ack ack;
    BOOST_TEST(says_nothing(0, ack, LinkId{}));
    ack.echo.emplace(), ack.refusal.emplace(), ack.snapshot.emplace();
    BOOST_TEST(says_nothing(0, ack, LinkId{}));
}

BOOST_AUTO_TEST_CASE(nor_does_what_a_log_keeps) {
    const auto note = LogRules{}.write();
    BOOST_TEST(std::count(note.begin(), note.end(), std::byte{}) == static_cast<std::ptrdiff_t>(note.size()));
    std::array<std::byte, epoch_start_bytes(2)> start;
    start.fill(std::byte{7});
    EpochStartBody body;
    BOOST_TEST((body.members == 0u && body.policy == 0u && !body.forced));
    Roster<3> roster;
    roster.size = body.members = 2;
    write_epoch_start(start.data(), body, roster);
    BOOST_TEST(std::count(start.begin(), start.end(), std::byte{}) == static_cast<std::ptrdiff_t>(start.size()) - 1);
    BOOST_TEST(!EpochStart{}.forced);
}

BOOST_AUTO_TEST_CASE(of_a_peer_that_was_never_heard_nothing_is_known) {
    const Peer peer;
    BOOST_TEST((peer.link == LinkId{} && !peer.link_confirmed && !peer.link_slow && !peer.connected));
    BOOST_TEST((peer.run == Run{} && !peer.run_lives && !peer.heard_at && !peer.blank));
    // Numbers that this node draws begin with 1, so 0 is never an answer.
    BOOST_TEST((peer.nonce == 0u && peer.peer_nonce == 0u && peer.link_nonce == 0u && peer.answered_nonce == 0u));
    BOOST_TEST((peer.question == 0u && peer.hello_heard == 0u && peer.answers == 0u));
    BOOST_TEST((!peer.hello_owed && !peer.request_owed && !peer.reply_owed && !peer.hand_over_owed));
    BOOST_TEST((!peer.fetches && !peer.awake && !peer.fed && !peer.inbound.is_partial() && !peer.inbound.hunts()));
}

BOOST_AUTO_TEST_CASE(a_follower_begins_without_a_copy_that_counts_and_is_owed_nothing) {
    const Progress follower;
    BOOST_TEST((!follower.linked() && !follower.counts && !follower.up() && !follower.takes_entries()));
    BOOST_TEST((follower.credit == 0u && follower.in_flight.empty() && follower.in_flight.bytes() == 0u));
    BOOST_TEST((!follower.probe_owed && !follower.append_due && !follower.heartbeat_owed));
    BOOST_TEST((follower.round_sent == 0u && follower.round == 0u && follower.appeared_in_round == 0u));
    BOOST_TEST((!follower.answered && !follower.lost_seat && !follower.stands_since && !follower.stuck));
}

BOOST_AUTO_TEST_CASE(a_follower_begins_without_a_state_under_way) {
    const SnapshotSend sending;
    BOOST_TEST((sending.id == SnapshotId{} && !sending.begun && !sending.begin_owed && !sending.end_sent));
    BOOST_TEST((sending.offset == 0u && sending.acknowledged == 0u));
    BOOST_TEST((sending.in_vain == 0u && sending.begun_count == 0u));
}

BOOST_AUTO_TEST_SUITE_END()
