// SPDX-License-Identifier: BSL-1.0
// What a node knows about one other node, whatever their roles: the link between them, and the stream of bytes.
#pragma once

#include "progress.hpp"

#include "../../error.hpp"
#include "../../types.hpp"
#include "../wire/frame_reader.hpp"

#include <cstdint>
#include <optional>

namespace replicator::core {

struct Peer {
    NodeId id{};

    // The link, and the handshake that makes it.
    LinkId link{};                ///< 0 while there is none
    bool link_confirmed = false;  ///< something came on it
    bool link_slow = false;       ///< a hello takes about as long as a silent peer is waited for
    bool hello_owed = false;
    Run run{};                         ///< of the peer, as far as known
    Run superseded_run{};              ///< the one before; when it speaks again, two processes claim the node
    bool run_lives = false;            ///< it repeated a nonce that is newer than the other run
    Epoch promised_with_entries;       ///< what it had promised when it last showed that it is not blank
    std::uint64_t nonce = 0;           ///< of our attempt at a link
    std::uint64_t peer_nonce = 0;      ///< the newest attempt of the peer's run that we know of
    std::uint64_t link_nonce = 0;      ///< the peer's attempt from which the link came
    Run answered_run{};                ///< whose hello ours answers
    std::uint64_t answered_nonce = 0;  ///< and which of its attempts
    Error refusal_owed = Error::none;  ///< goes with the next hello
    Error refusal = Error::none;       ///< why the last handshake failed, on either side
    Instant hello_at;                  ///< when we last said hello
    std::uint32_t hello_heard = 0;     ///< checksum of the peer's last hello, to tell one that says nothing new
    Instant answers_from;              ///< since then, so many hellos were answered
    std::uint8_t answers = 0;
    std::optional<Instant> heard_at;  ///< when something valid last came
    bool connected = false;           ///< the transport said that a connection is open
    std::optional<bool> blank;        ///< holds nothing of any history; known while its run lives

    // Promotion: what is owed besides the link.
    bool request_owed = false;    ///< a candidate's question
    Instant requested_at;         ///< when it was last put
    bool reply_owed = false;      ///< to the peer's question
    Run candidate_run{};          ///< which run asked
    std::uint64_t question = 0;   ///< and its number
    bool fetches = false;         ///< over the link it fetches our log, although we do not lead
    bool hand_over_owed = false;  ///< it shall lead in our place
    bool can_lead = true;         ///< as it said last

    // The stream of bytes.
    bool awake = false;  ///< the transport was woken, and transmit has not returned 0 since
    FrameReader inbound;
    bool fed = false;  ///< something came since the last tick
    Instant fed_at;    ///< when it was last so
    /// `unwanted` belongs to this link, and is dropped, too.
    enum class Tail : std::uint8_t { dropped, unwanted, entries, snapshot } tail = Tail::dropped;
    Instant tail_began;  ///< when the head before the tail came

    Progress progress;  ///< used while this node leads
};

}  // namespace replicator::core
