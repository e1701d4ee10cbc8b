// SPDX-License-Identifier: BSL-1.0
// Aside: what a node says to a second stream of a peer while the first one stands, and what it makes of the answer.
//
// Anybody may open a stream in a peer's name, and a peer opens another when it has lost one that this node still takes
// for good. So the second stream is asked, with a nonce of its own, and changes nothing until a living process has
// repeated that. Only then does it take the first one's place. A transport keeps what came on it, and the nonce;
// nothing is kept here, and nodes whose transport has one stream a peer carry none of this.
#pragma once

#include "../../error.hpp"
#include "../../result.hpp"
#include "../../types.hpp"
#include "../peer/links.hpp"
#include "../peer/peer.hpp"
#include "../wire/frame.hpp"
#include "../wire/frame_reader.hpp"
#include "../wire/hello.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator::core {

/// `Node` is the switchboard of the node (node/node.hpp).
template <class Composition, class Node>
class Aside {
public:
    /// How long a stream may take to answer before it is to be closed.
    static constexpr Duration patience = Composition::Limits::failure_timeout;

    explicit Aside(Node& node) noexcept : node_(node) {}

    /// Writes the question for a stream that begins, and draws its nonce. Returns the size of the question; 0 when
    /// `buffer` is too small, or the stream is to be closed at once.
    [[nodiscard]] std::size_t ask(NodeId id, std::uint64_t& nonce, std::span<std::byte> buffer) noexcept {
        const Peer* const peer = node_.find(id);
        if (peer == nullptr || node_.self().role == Role::faulted) return 0;
        nonce = ++node_.self().attempts;
        return write(*peer, nonce, {}, Error::none, buffer);
    }

    /// What is known from `bytes`, all that came on the stream so far: true when a living process repeated the nonce,
    /// and `take_over` may follow; false when that is not known yet. On an error the stream must be closed, after the
    /// `size` bytes at `reply`, which tell the other side why.
    [[nodiscard]] Result<bool> judge(NodeId id, std::uint64_t nonce, std::span<const std::byte> bytes,
                                     std::span<std::byte> reply, std::size_t& size) noexcept {
        size = 0;
        Peer* const peer = node_.find(id);
        if (peer == nullptr) return Error::wrong_node;
        Hello theirs;
        const Result<bool> answered = find_answer(nonce, bytes, theirs);
        if (!answered || !*answered) return answered;
        auto& self = node_.self();
        Error error = mismatch(self, peer->id, theirs);
        // In a run that goes on, attempts are numbered upwards.
        const bool counts_anew = theirs.run == peer->run && theirs.nonce < peer->peer_nonce;
        if (error == Error::none && (counts_anew || Links<Composition>::is_former(self, *peer, theirs.run))) {
            error = Error::duplicate_node;
        }
        if (error == Error::none) return true;
        Links<Composition>::record_refusal(self, *peer, error);
        if (theirs.refusal == Error::none) size = write(*peer, nonce, theirs, error, reply);
        return error;
    }

    /// Makes it the stream of the peer, in place of any other. The node is to be given `bytes` next, from their
    /// beginning: the answer among them makes the link.
    void take_over(NodeId id, std::uint64_t nonce, std::span<const std::byte> bytes) noexcept {
        Peer* const peer = node_.find(id);
        if (peer == nullptr) return;
        node_.relations().begin_anew(*peer, true);
        peer->nonce = nonce;  // the hello with it was said
        peer->hello_owed = false;
        peer->hello_at = node_.self().now;
        Hello theirs;
        const Result<bool> answered = find_answer(nonce, bytes, theirs);
        if (!answered || !*answered || theirs.run == peer->run) return;
        peer->superseded_run = peer->run;
        peer->run = theirs.run;
        peer->peer_nonce = 0;
    }

private:
    /// False when no hello that repeats the nonce is among the bytes yet. Before it nothing that belongs to a link can
    /// have been said.
    [[nodiscard]] Result<bool> find_answer(std::uint64_t nonce, std::span<const std::byte> bytes,
                                           Hello& theirs) const noexcept {
        FrameReader inbound;
        for (;;) {
            const FrameReader::Event event = inbound.next(bytes);
            if (event.kind == FrameReader::Event::Kind::need_more) return false;
            if (event.kind == FrameReader::Event::Kind::first_version) return Error::wrong_version;
            if (event.kind == FrameReader::Event::Kind::tail) continue;  // blocks of a hello that are not known here
            if (event.kind != FrameReader::Event::Kind::head) return Error::corrupt;
            const FrameHeader header = load_header(event.bytes.data());
            if (header.link != LinkId{}) return Error::protocol;
            if (header.tail_bytes != 0 && header.flags == 0) return Error::protocol;
            if (header.type != FrameType::hello) continue;
            theirs = read_hello(event.bytes.data());
            if (theirs.receiver_run == node_.self().run && theirs.receiver_nonce == nonce) return true;
        }
    }

    std::size_t write(const Peer& peer, std::uint64_t nonce, const Hello& theirs, Error refusal,
                      std::span<std::byte> buffer) noexcept {
        if (buffer.size() < frame_head_bytes_max) return 0;
        Hello hello = Links<Composition>::make_hello(node_.self(), peer);
        // That, and a link, is for the stream that stands.
        hello.flags = static_cast<std::uint16_t>(hello.flags & ~hello_flags::donates);
        hello.link = LinkId{};
        hello.nonce = nonce;
        hello.receiver_run = theirs.run;
        hello.receiver_nonce = theirs.nonce;
        hello.refusal = refusal;
        ++node_.self().counters.frames_sent;
        node_.self().counters.bytes_sent += frame_head_bytes_max;
        return write_head(buffer.data(), hello);
    }

    Node& node_;
};

}  // namespace replicator::core
