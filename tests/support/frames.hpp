// SPDX-License-Identifier: BSL-1.0
// Frames as people read them: one line each, for transcripts.
#pragma once

#include <replicator/api/observer.hpp>
#include <replicator/api/write.hpp>
#include <replicator/core/wire/append.hpp>
#include <replicator/core/wire/frame.hpp>
#include <replicator/core/wire/hello.hpp>
#include <replicator/core/wire/snapshot.hpp>
#include <replicator/types.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <ostream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
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

/// The bytes that `hex` wrote.
inline Bytes bytes_of(std::string_view hex) {
    const auto digit = [](char letter) {
        return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
    };
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::byte>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    }
    return bytes;
}

/// A hello of version 1, byte for byte.
inline Bytes hello_of_version_1() {
    return bytes_of(
        "01520100000000000000000049ecb51b01000100000000000400000000000000"
        "0500000000000000060000000200000001000000060000000900000000000000"
        "0a000000000000000b0000000000000000000000000000000000000000000000"
        "0e000000000000000f0000001000000011000000120000001300000014000000"
        "1500000000000000160000000000000017000000000000000200000019000000"
        "1700000000000000020000001900000017000000000000000200000019000000"
        "2000000000000000210000000000000001000000000000001700000000000000"
        "02000000190000001f0000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000");
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
class FrameLines {
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
                out << "piece at " << piece.offset << " n=" << header.tail_bytes
                    << (header.tail_bytes == 0 ? " last" : "");
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
        out << " last=" << text(hello.last);
    }

    std::map<replicator::LinkId, replicator::Epoch> epochs_;
};

}  // namespace support
