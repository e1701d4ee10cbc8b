// SPDX-License-Identifier: BSL-1.0
// A run as text: one line for every frame that arrived, so that a person can follow what led to a failure.
#pragma once

#include "../core/wire/append.hpp"
#include "../core/wire/frame.hpp"
#include "../core/wire/frame_reader.hpp"
#include "../core/wire/hello.hpp"
#include "../core/wire/promise.hpp"
#include "../core/wire/snapshot.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

namespace replicator::sim {

/// What a whole and intact head says, in a few words.
[[nodiscard]] inline std::string describe_head(std::span<const std::byte> head) {
    const core::FrameHeader header = core::load_header(head.data());
    const auto number = [](std::uint64_t n) { return std::to_string(n); };
    switch (header.type) {
        case core::FrameType::hello: {
            const core::Hello hello = core::read_hello(head.data());
            return "hello run " + number(value(hello.run)) + (hello.has(core::hello_flags::leads) ? " leads" : "") +
                   (hello.has(core::hello_flags::fetches) ? " fetches" : "") +
                   (hello.has(core::hello_flags::donates) ? " donates" : "") + " last " +
                   number(hello.last.index.value) + (hello.link != LinkId{} ? " offers a link" : "") +
                   (hello.refusal != Error::none ? std::string(" refuses: ") + to_string(hello.refusal) : "");
        }
        case core::FrameType::append: {
            const core::Append append = core::read_append(head.data(), header.flags, Epoch{});
            return "append after " + number(append.previous.index.value) + " count " + number(append.count) +
                   " commit " + number(append.commit.value);
        }
        case core::FrameType::ack: {
            const core::Ack ack = core::read_ack(head.data(), header.flags);
            std::string text = "ack " + number(ack.received.value) + " applied " + number(ack.applied.value);
            if (ack.refusal) text += " refuses, perhaps common: " + number(ack.refusal->hint.index.value);
            if (ack.snapshot) text += " snapshot at " + number(ack.snapshot->offset);
            return text;
        }
        case core::FrameType::snapshot_begin:
            return "snapshot of " + number(core::read_snapshot_begin(head.data()).position.index.value);
        case core::FrameType::snapshot_piece: {
            const core::SnapshotPiece piece = core::read_snapshot_piece(head.data());
            return "snapshot piece at " + number(piece.offset) + (header.tail_bytes == 0 ? ", the end" : "");
        }
        case core::FrameType::promise_request: {
            const core::PromiseRequest request = core::read_promise_request(head.data());
            return request.binding() ? "asks for a promise of epoch " + number(request.epoch.counter)
                                     : "asks what is held";
        }
        case core::FrameType::promise_reply: {
            const core::PromiseReply reply = core::read_promise_reply(head.data());
            return "promised epoch " + number(reply.promised.counter) + ", holds " + number(reply.last.index.value) +
                   (reply.has(core::ballot_flags::counts) ? ", counts" : "");
        }
        case core::FrameType::hand_over:
            return "hands over at " + number(core::read_hand_over(head.data()).last.index.value);
        default: return "frame of type " + number(value(header.type));
    }
}

/// Gathers one line for each frame. Give `watch` to `World::watch`.
class FrameListing {
public:
    void watch(Instant now, NodeId from, NodeId to, std::span<const std::byte> bytes) {
        core::FrameReader& stream = streams_[{from, to}];
        while (true) {
            const core::FrameReader::Event event = stream.next(bytes);
            if (event.kind == core::FrameReader::Event::Kind::need_more) return;
            if (event.kind == core::FrameReader::Event::Kind::tail) continue;
            if (event.kind != core::FrameReader::Event::Kind::head) {
                stream.restart();
                add(now, from, to, "damaged bytes");
                return;
            }
            add(now, from, to, describe_head(event.bytes));
        }
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    void add(Instant now, NodeId from, NodeId to, const std::string& what) {
        std::string line = std::to_string(now.microseconds);
        line.resize(10, ' ');
        const std::uint32_t low = (std::min)(value(from), value(to));
        const std::uint32_t high = (std::max)(value(from), value(to));
        for (std::uint32_t lane = 1; lane <= lanes; ++lane) {
            const bool inside = lane >= low && lane < high;
            line += lane == value(from) ? 'o'
                    : lane == value(to) ? (value(from) < value(to) ? '>' : '<')
                    : inside            ? '-'
                                        : '|';
            line += inside ? "---" : "   ";
        }
        text_ += line + what + '\n';
    }

    static constexpr std::uint32_t lanes = 5;
    std::map<std::pair<NodeId, NodeId>, core::FrameReader> streams_;
    std::string text_;
};

}  // namespace replicator::sim
