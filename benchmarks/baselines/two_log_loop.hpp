// SPDX-License-Identifier: BSL-1.0
// In one process, by hand: a leader's log and a follower's log, a checksum made and verified, and both sides apply.
#pragma once

#include "floor.hpp"

#include "../process.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace benchmark::baseline {

/// Only the state machine is a parameter, so that the loop is the same for each. Records have a header of eight bytes,
/// {length, checksum}. A batch never straddles the end of a log; what is left of it is skipped.
template <class Machine, std::size_t LogBytes>
class TwoLogLoop {
public:
    using Command = typename Machine::Command;
    static constexpr std::size_t record_bytes = 8 + sizeof(Command);

    /// Replicates `batch` commands, beginning with `commands[0]`.
    void replicate(const Command* commands, std::size_t batch) {
        const std::size_t bytes = batch * record_bytes;
        if (end_ + bytes > LogBytes) end_ = 0;
        std::byte* const leader = leader_log_.get() + end_;
        std::byte* const follower = follower_log_.get() + end_;
        end_ += bytes;
        for (std::size_t i = 0; i != batch; ++i) append(leader + i * record_bytes, commands[i]);
        std::memcpy(follower, leader, bytes);
        for (std::size_t i = 0; i != batch; ++i) verify(follower + i * record_bytes);
        for (std::size_t i = 0; i != batch; ++i) apply(leader_, leader + i * record_bytes);
        for (std::size_t i = 0; i != batch; ++i) apply(follower_, follower + i * record_bytes);
    }

private:
    static void append(std::byte* at, const Command& command) {
        copy_command(at + 8, reinterpret_cast<const std::byte*>(&command), sizeof command);
        const std::uint32_t length = sizeof command;
        const std::uint32_t crc = crc32c(length, at + 8, sizeof command);
        std::memcpy(at, &length, sizeof length);
        std::memcpy(at + 4, &crc, sizeof crc);
    }
    static void verify(const std::byte* at) {
        std::uint32_t header[2];
        std::memcpy(header, at, sizeof header);
        if (header[1] != crc32c(header[0], at + 8, header[0])) fail("two logs: record");
    }
    static void apply(Machine& machine, const std::byte* at) {
        machine.apply(*reinterpret_cast<const Command*>(at + 8));
    }

    std::unique_ptr<std::byte[]> leader_log_{new std::byte[LogBytes]};
    std::unique_ptr<std::byte[]> follower_log_{new std::byte[LogBytes]};
    std::size_t end_ = 0;
    Machine leader_;
    Machine follower_;
};

}  // namespace benchmark::baseline
