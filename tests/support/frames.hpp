// SPDX-License-Identifier: BSL-1.0
// Frames as people read them: one line each, for transcripts.
#pragma once

#include <replicator/api/observer.hpp>
#include <replicator/api/write.hpp>
#include <replicator/core/wire/frame.hpp>
#include <replicator/core/wire/hello.hpp>
#include <replicator/core/wire/message.hpp>
#include <replicator/types.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <ostream>
#include <span>
#include <sstream>
#include <string>
#include <vector>

namespace replicator {

// Boost.Test prints what it compares.
inline std::ostream& operator<<(std::ostream& out, Index index) { return out << index.value; }
inline std::ostream& operator<<(std::ostream& out, NodeId node) { return out << value(node); }
inline std::ostream& operator<<(std::ostream& out, Epoch epoch) { return out << epoch.counter; }
inline std::ostream& operator<<(std::ostream& out, Error error) { return out << to_string(error); }
inline std::ostream& operator<<(std::ostream& out, Role role) { return out << to_string(role); }
inline std::ostream& operator<<(std::ostream& out, FollowerState state) { return out << to_string(state); }
inline std::ostream& operator<<(std::ostream& out, WriteState state) { return out << to_string(state); }
inline std::ostream& operator<<(std::ostream& out, Chain chain) { return out << value(chain); }
inline std::ostream& operator<<(std::ostream& out, LinkId link) { return out << value(link); }
inline std::ostream& operator<<(std::ostream& out, HistoryId history) { return out << value(history); }

}  // namespace replicator

namespace support {

using Bytes = std::vector<std::byte>;

inline std::string text(replicator::Position position) {
    std::ostringstream out;
    out << '(' << position.epoch << ',' << position.index << ')';
    return out.str();
}

inline std::string hex(std::span<const std::byte> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::byte byte : bytes) {
        out += digits[std::to_integer<unsigned>(byte) >> 4];
        out += digits[std::to_integer<unsigned>(byte) & 15];
    }
    return out;
}

/// The head of a hand-made hello.
inline Bytes hello_frame(const replicator::core::Hello& hello) {
    std::array<std::byte, replicator::core::frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), hello);
    return {head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)};
}

inline Bytes ack_frame(const replicator::core::Ack& ack, replicator::LinkId link) {
    std::array<std::byte, replicator::core::frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), ack, link);
    return {head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// Turns frames into lines. It remembers which epoch a link is for, because an append leaves that out.
class FrameReader {
public:
    [[nodiscard]] std::string line(const Bytes& frame) {
        using namespace replicator;
        using namespace replicator::core;
        const FrameHeader header = load_header(frame.data());
        std::ostringstream out;
        switch (header.type) {
            case FrameType::hello: hello(out, read_hello(frame.data())); break;
            case FrameType::append: {
                const Append append = read_append(frame.data(), header.flags, epochs_[header.link]);
                out << "append prev=" << text(append.previous) << " n=" << append.count << " commit=" << append.commit;
                break;
            }
            case FrameType::ack: {
                const Ack ack = read_ack(frame.data(), header.flags);
                out << "ack received=" << ack.received << " applied=" << ack.applied;
                if (ack.refusal) out << " refuses: " << ack.refusal->error << ", try " << text(ack.refusal->hint);
                if (ack.snapshot) out << " snapshot=" << ack.snapshot->offset;
                break;
            }
            case FrameType::snapshot_begin:
                out << "snapshot of " << text(read_snapshot_begin(frame.data()).position);
                break;
            case FrameType::snapshot_piece: {
                const SnapshotPiece piece = read_snapshot_piece(frame.data());
                out << "piece at " << piece.offset << " n=" << header.tail_bytes << (piece.last ? " last" : "");
                break;
            }
            default: out << "?";
        }
        return out.str();
    }

private:
    void hello(std::ostream& out, const replicator::core::Hello& hello) {
        using namespace replicator;
        out << "hello";
        if (hello.refusal != Error::none) out << " refuses: " << hello.refusal;
        if (hello.has(core::hello_flags::leads)) {
            if (hello.link != LinkId{}) epochs_[hello.link] = hello.epoch;
            out << " leads " << hello.epoch << (hello.link != LinkId{} ? " link" : "");
        }
        if (hello.has(core::hello_flags::installing)) out << " installing";
        out << " last=" << text(hello.last);
    }

    std::map<replicator::LinkId, replicator::Epoch> epochs_;
};

}  // namespace support
