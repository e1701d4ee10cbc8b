// SPDX-License-Identifier: BSL-1.0
// Frames on their way. Each different one is kept once, with the words that stand for it, so that a queue is numbers.
#pragma once

#include "words.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace search {

using core::FrameType;

struct Frame {
    std::vector<std::byte> bytes;
    std::vector<Word> words;
    core::FrameHeader header;
    std::uint64_t question = 0;  ///< that a promise reply answers
    Run receiver_run{};          ///< to which it answers
};

class Frames {
public:
    explicit Frames(const LinkOrigins& origins) : words_(origins) {}

    [[nodiscard]] const Frame& at(std::uint32_t number) const { return frames_[number]; }
    [[nodiscard]] std::size_t size() const { return frames_.size(); }

    /// The number of the frame with these bytes.
    [[nodiscard]] std::uint32_t number(std::span<const std::byte> bytes) {
        key_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const auto [place, is_new] = numbers_.try_emplace(key_, static_cast<std::uint32_t>(frames_.size()));
        if (is_new) frames_.push_back(make(bytes));
        if (frames_[place->second].header.type == FrameType::hello) {
            hellos_.try_emplace(core::load_head_checksum(bytes.data()), place->second);
        }
        return place->second;
    }
    /// The hello with this checksum.
    [[nodiscard]] const Frame& hello(std::uint32_t checksum) const { return frames_[hellos_.at(checksum)]; }

    /// What it is, for people.
    [[nodiscard]] static std::string describe(const Frame& frame) {
        const std::byte* const head = frame.bytes.data();
        const auto text = [](std::uint64_t number) { return std::to_string(number); };
        switch (frame.header.type) {
            case FrameType::hello: {
                const core::Hello hello = core::read_hello(head);
                return "hello" + std::string(hello.has(core::hello_flags::leads) ? " of a leader" : "") + ", epoch " +
                       text(hello.epoch.counter) + ", promised " + text(hello.promised.counter) + ", last " +
                       text(hello.last.index.value) + (hello.link != LinkId{} ? ", with a link" : "") +
                       (hello.refusal != Error::none ? std::string(", ") + to_string(hello.refusal) : "");
            }
            case FrameType::append: {
                const core::Append append = core::read_append(head, frame.header.flags, Epoch{});
                return "append, " + text(append.count) + " entries after " + text(append.previous.index.value) +
                       ", commit " + text(append.commit.value);
            }
            case FrameType::ack: {
                const core::Ack ack = core::read_ack(head, frame.header.flags);
                return "ack, received " + text(ack.received.value) +
                       (ack.refusal ? std::string(", ") + to_string(ack.refusal->error) : "");
            }
            case FrameType::promise_request: {
                const core::PromiseRequest request = core::read_promise_request(head);
                return request.binding() ? "promise request for epoch " + text(request.epoch.counter) : "question";
            }
            case FrameType::promise_reply: {
                const core::PromiseReply reply = core::read_promise_reply(head);
                return "answer, promised " + text(reply.promised.counter) + ", last " + text(reply.last.index.value) +
                       (reply.has(core::ballot_flags::counts) ? "" : ", does not count");
            }
            case FrameType::snapshot_begin: return "snapshot begin";
            case FrameType::snapshot_piece: return "snapshot piece";
            case FrameType::hand_over: return "hand over";
        }
        return "?";
    }

private:
    [[nodiscard]] Frame make(std::span<const std::byte> bytes) {
        Frame frame;
        frame.bytes.assign(bytes.begin(), bytes.end());
        frame.header = core::load_header(bytes.data());
        words_.clear();
        words_.put(frame.header.type, frame.header.flags, frame.header.tail_bytes);
        words_.link(frame.header.link);
        put_fields(frame);
        frame.words = words_.all();
        return frame;
    }

    /// The fields, but for times that are only shown, and for those that follow from who speaks to whom.
    void put_fields(Frame& frame) {
        const std::byte* const head = frame.bytes.data();
        switch (frame.header.type) {
            case FrameType::hello: return put_hello(core::read_hello(head));
            case FrameType::append: {
                const core::Append append = core::read_append(head, frame.header.flags, Epoch{});
                words_.put(append.previous, append.previous_chain, append.commit, append.count);
                if (append.timing) words_.put(append.timing->round);
                return put_tail(frame);
            }
            case FrameType::ack: {
                const core::Ack ack = core::read_ack(head, frame.header.flags);
                words_.put(ack.received, ack.durable, ack.applied, ack.credit);
                if (ack.echo) words_.put(ack.echo->round);
                if (ack.refusal) words_.put(ack.refusal->error, ack.refusal->hint, ack.refusal->commit);
                if (ack.snapshot) words_.put(ack.snapshot->id, ack.snapshot->offset);
                return;
            }
            case FrameType::promise_request: {
                const core::PromiseRequest request = core::read_promise_request(head);
                words_.put(request.history, request.flags, request.run, request.epoch);
                words_.number(request.run, request.question);
                return;
            }
            case FrameType::promise_reply: {
                const core::PromiseReply reply = core::read_promise_reply(head);
                frame.question = reply.question;
                frame.receiver_run = reply.receiver_run;
                words_.put(reply.flags, reply.receiver_run, reply.incarnation, reply.promised, reply.last, reply.commit,
                           reply.suspect_from);
                words_.number(reply.receiver_run, reply.question);
                return;
            }
            case FrameType::snapshot_begin:
            case FrameType::snapshot_piece:
            case FrameType::hand_over: return put_rest(frame, core::frame_header_bytes);
        }
    }

    void put_hello(const core::Hello& hello) {
        words_.put(hello.history, hello.flags, hello.incarnation, hello.run, hello.receiver_run, hello.promised,
                   hello.epoch, hello.last, hello.commit, hello.suspect_from, hello.forced, hello.refusal);
        words_.number(hello.run, hello.nonce);
        words_.number(hello.receiver_run, hello.receiver_nonce);
        words_.link(hello.link);
    }

    void put_tail(const Frame& frame) { put_rest(frame, frame.bytes.size() - frame.header.tail_bytes); }
    void put_rest(const Frame& frame, std::size_t from) {
        for (std::size_t at = from; at + 4 <= frame.bytes.size(); at += 4) {
            words_.put(load<std::uint32_t>(frame.bytes.data() + at));
        }
    }

    Words words_;
    std::string key_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
    std::unordered_map<std::uint32_t, std::uint32_t> hellos_;  // by checksum
    std::vector<Frame> frames_;
};

}  // namespace search
