// SPDX-License-Identifier: BSL-1.0
// The floor: a hand-written synchronous replicator over raw sockets. One command type, one policy, one thread, nothing
// that can go wrong is handled. This is what the library's templates should compile down to.
#pragma once

#include "sockets.hpp"

#include "../process.hpp"
#include "../tcp_result.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <poll.h>

namespace benchmark::baseline {

/// CRC-32C by the SSE 4.2 instruction; `bytes` is a multiple of eight.
[[nodiscard]] inline std::uint32_t crc32c(std::uint32_t crc, const std::byte* from, std::size_t bytes) {
#if defined(__x86_64__) && defined(__GNUC__)
    std::uint64_t state = crc;
    for (const std::byte* const end = from + bytes; from != end; from += 8) {
        std::uint64_t word;
        std::memcpy(&word, from, 8);
        __asm__("crc32q %1, %0" : "+r"(state) : "r"(word));
    }
    return static_cast<std::uint32_t>(state);
#else
    for (const std::byte* const end = from + bytes; from != end; ++from) {
        crc ^= std::to_integer<std::uint32_t>(*from);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    }
    return crc;
#endif
}

/// What stands before each command, in the ring and on the wire.
struct Record {
    std::uint32_t length = 0;
    std::uint32_t crc = 0;  ///< of index and command
    std::uint64_t index = 0;

    static constexpr std::size_t bytes = 16;

    [[nodiscard]] static Record load(const std::byte* from) {
        Record record;
        std::memcpy(&record, from, bytes);
        return record;
    }
    [[nodiscard]] static std::uint32_t checksum(const std::byte* record, std::size_t length) {
        return crc32c(~std::uint32_t{0}, record + 8, 8 + length);
    }
};

/// Copies a command; nearly all have 64 bytes, and then the compiler knows it.
inline void copy_command(std::byte* to, const std::byte* from, std::size_t bytes) {
    if (bytes == 64) {
        for (std::size_t at = 0; at != 64; at += 8) std::memcpy(to + at, from + at, 8);
    } else {
        std::memcpy(to, from, bytes);
    }
}

/// Records one after the other. Positions count bytes and never fall; a record is never split: the one that reaches
/// the end stands beyond it, and the next one begins the new lap at the front.
class FloorRing {
public:
    static constexpr std::size_t capacity = std::size_t{8} << 20;
    static constexpr std::size_t overhang = std::size_t{512} << 10;

    /// Where the next record goes, or null when `keep_from` still stands there.
    [[nodiscard]] std::byte* room(std::size_t bytes, std::uint64_t keep_from) {
        if (end_ - lap_ >= capacity) {
            if (keep_from < lap_) return nullptr;
            last_lap_ = lap_;
            lap_ = end_;
        }
        const std::size_t at = end_ - lap_;
        if (keep_from < lap_ && at + bytes > keep_from - last_lap_) return nullptr;
        return memory_.get() + at;
    }
    void append(std::size_t bytes) { end_ += bytes; }
    [[nodiscard]] std::uint64_t end() const { return end_; }

    [[nodiscard]] const std::byte* at(std::uint64_t position) const {
        return memory_.get() + (position < lap_ ? position - last_lap_ : position - lap_);
    }
    /// Bytes that lie together from there on.
    [[nodiscard]] std::size_t together(std::uint64_t position) const {
        return (position < lap_ ? lap_ : end_) - position;
    }

private:
    std::unique_ptr<std::byte[]> memory_{new std::byte[capacity + overhang]};
    std::uint64_t end_ = 0;
    std::uint64_t lap_ = 0;
    std::uint64_t last_lap_ = 0;
};

/// The state of both sides: slots that commands overwrite, 4 MiB in all.
class FloorState {
public:
    explicit FloorState(std::size_t command_bytes)
        : slots_((std::size_t{4} << 20) / command_bytes), state_(new std::byte[slots_ * command_bytes]()) {}

    void apply(const std::byte* command, std::size_t bytes) {
        std::uint64_t slot;
        std::memcpy(&slot, command, sizeof slot);
        copy_command(state_.get() + slot % slots_ * bytes, command, bytes);
    }

private:
    std::size_t slots_;
    std::unique_ptr<std::byte[]> state_;
};

/// Receives straight into its ring, checks, applies, and acknowledges once per receive.
class FloorFollower {
public:
    FloorFollower(const Socket& leader, std::size_t command_bytes, Wait wait)
        : leader_(leader), state_(command_bytes), wait_(wait) {}

    void run() {
        while (receive()) {
            const std::uint64_t before = index_;
            take_records();
            if (index_ != before) send_all(leader_, reinterpret_cast<const std::byte*>(&index_), sizeof index_);
            begin_lap_if_full();
        }
    }

private:
    [[nodiscard]] bool receive() {
        const std::size_t room = FloorRing::capacity + FloorRing::overhang - received_;
        ssize_t bytes;
        do {
            bytes = recv(leader_.descriptor(), ring_.get() + received_, std::min(receive_bytes_max, room),
                         wait_ == Wait::poll ? MSG_DONTWAIT : 0);
        } while (bytes < 0 && errno == EAGAIN);
        if (bytes <= 0) return false;
        received_ += static_cast<std::size_t>(bytes);
        return true;
    }

    void take_records() {
        while (received_ - taken_ >= Record::bytes) {
            const std::byte* const at = ring_.get() + taken_;
            const Record record = Record::load(at);
            if (received_ - taken_ < Record::bytes + record.length) return;
            if (record.index != index_ + 1 || record.crc != Record::checksum(at, record.length)) fail("floor: record");
            state_.apply(at + Record::bytes, record.length);
            index_ = record.index;
            taken_ += Record::bytes + record.length;
        }
    }

    /// Everything taken is applied, so only the beginning of the next record moves to the front.
    void begin_lap_if_full() {
        if (received_ < FloorRing::capacity) return;
        std::memcpy(ring_.get(), ring_.get() + taken_, received_ - taken_);
        received_ -= taken_;
        taken_ = 0;
    }

    static constexpr std::size_t receive_bytes_max = 256 * 1024;

    const Socket& leader_;
    std::unique_ptr<std::byte[]> ring_{new std::byte[FloorRing::capacity + FloorRing::overhang]};
    std::size_t received_ = 0;
    std::size_t taken_ = 0;
    std::uint64_t index_ = 0;
    FloorState state_;
    Wait wait_;
};

/// Writes, sends from its ring, takes acknowledgements, and applies what all followers hold.
class FloorLeader {
public:
    FloorLeader(std::vector<Socket>& sockets, std::span<const std::byte> commands, std::size_t command_bytes)
        : commands_(commands), command_bytes_(command_bytes), state_(command_bytes) {
        for (Socket& socket : sockets) followers_.push_back({&socket, 0, 0, 0, {}});
    }

    [[nodiscard]] TcpResult run(const TcpRun& run, const SharedPage& first_follower) {
        Meter meter(run, first_follower);
        Clock::time_point written = Clock::now();
        const bool sleeps = run.wait == Wait::block;
        while (meter.go_on(applied_, written)) {
            const bool may_write = run.pipelined || applied_ == index_;
            const bool wrote = may_write && write(run.pipelined ? run.turn : 1);
            transmit();
            if (sleeps && (!wrote || !run.pipelined)) {
                wait();
            } else {
                receive(MSG_DONTWAIT);
            }
            apply();
            if (run.pipelined || applied_ == index_) {
                const Clock::time_point now = Clock::now();
                if (!run.pipelined) meter.add_latency(now - written);
                written = now;
            }
        }
        return meter.result();
    }

private:
    struct Follower {
        Socket* socket;
        std::uint64_t sent;          ///< position in the ring
        std::uint64_t acknowledged;  ///< index
        std::size_t ack_bytes;
        std::array<std::byte, 8> ack;
    };

    /// Appends up to `most` records; false when the ring has no room for any.
    bool write(std::size_t most) {
        const std::size_t bytes = Record::bytes + command_bytes_;
        std::size_t written = 0;
        for (; written != most; ++written) {
            std::byte* const at = ring_.room(bytes, applied_position_);
            if (at == nullptr) break;
            const Record record{static_cast<std::uint32_t>(command_bytes_), 0, ++index_};
            std::memcpy(at, &record, Record::bytes);
            copy_command(at + Record::bytes, commands_.data() + next_command_, command_bytes_);
            const std::uint32_t crc = Record::checksum(at, command_bytes_);
            std::memcpy(at + 4, &crc, sizeof crc);
            ring_.append(bytes);
            next_command_ += command_bytes_;
            if (next_command_ == commands_.size()) next_command_ = 0;
        }
        return written != 0;
    }

    void transmit() {
        for (Follower& follower : followers_) {
            while (follower.sent != ring_.end()) {
                const std::size_t bytes = std::min(send_bytes_max, ring_.together(follower.sent));
                const ssize_t sent =
                    send(follower.socket->descriptor(), ring_.at(follower.sent), bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent < 0 && errno != EAGAIN) fail("floor: send");
                if (sent <= 0) break;
                follower.sent += static_cast<std::uint64_t>(sent);
                if (static_cast<std::size_t>(sent) < bytes) break;
            }
        }
    }

    void receive(int flags) {
        for (Follower& follower : followers_) receive_from(follower, flags);
    }

    /// Acknowledgements are cumulative, so only the last whole one of what came counts.
    static void receive_from(Follower& follower, int flags) {
        std::array<std::byte, 4096> buffer;
        std::memcpy(buffer.data(), follower.ack.data(), follower.ack_bytes);
        const ssize_t bytes = recv(follower.socket->descriptor(), buffer.data() + follower.ack_bytes,
                                   buffer.size() - follower.ack_bytes, flags);
        if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) fail("floor: recv");
        if (bytes < 0) return;
        const std::size_t all = follower.ack_bytes + static_cast<std::size_t>(bytes);
        const std::size_t whole = all / 8 * 8;
        if (whole != 0) std::memcpy(&follower.acknowledged, buffer.data() + whole - 8, 8);
        follower.ack_bytes = all - whole;
        std::memcpy(follower.ack.data(), buffer.data() + whole, follower.ack_bytes);
    }

    void apply() {
        std::uint64_t commit = ~std::uint64_t{0};
        for (const Follower& follower : followers_) commit = std::min(commit, follower.acknowledged);
        for (; applied_ < commit; ++applied_) {
            state_.apply(ring_.at(applied_position_) + Record::bytes, command_bytes_);
            applied_position_ += Record::bytes + command_bytes_;
        }
    }

    /// Sleeps until a follower answers or takes more, and receives. With one follower and nothing to send, the receive
    /// itself waits.
    void wait() {
        if (followers_.size() == 1 && followers_[0].sent == ring_.end()) {
            receive(0);
            return;
        }
        std::array<pollfd, 8> files{};
        for (std::size_t i = 0; i != followers_.size(); ++i) {
            files[i].fd = followers_[i].socket->descriptor();
            files[i].events = static_cast<short>(followers_[i].sent == ring_.end() ? POLLIN : POLLIN | POLLOUT);
        }
        poll(files.data(), followers_.size(), -1);
        receive(MSG_DONTWAIT);
    }

    static constexpr std::size_t send_bytes_max = 256 * 1024;

    std::vector<Follower> followers_;
    std::span<const std::byte> commands_;
    std::size_t command_bytes_;
    std::size_t next_command_ = 0;
    FloorRing ring_;
    FloorState state_;
    std::uint64_t index_ = 0;
    std::uint64_t applied_ = 0;
    std::uint64_t applied_position_ = 0;
};

/// Starts the followers in processes of their own, and leads from this one.
[[nodiscard]] inline TcpResult run_floor(const TcpRun& run, std::span<const std::byte> commands,
                                         std::size_t command_bytes) {
    std::vector<Socket> sockets;
    std::vector<std::unique_ptr<Child>> children;
    for (int follower = 0; follower != run.followers; ++follower) {
        const Socket listener = listen_on_loopback();
        children.push_back(std::make_unique<Child>(core_of_follower(follower), [&](SharedPage&) {
            const Socket leader = accept_on(listener);
            FloorFollower(leader, command_bytes, run.wait).run();
        }));
        sockets.push_back(connect_to(listener));
    }
    return FloorLeader(sockets, commands, command_bytes).run(run, children[0]->page());
}

}  // namespace benchmark::baseline
