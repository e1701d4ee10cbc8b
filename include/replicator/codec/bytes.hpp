// SPDX-License-Identifier: BSL-1.0
// codec::Bytes: a command that is bytes already; the state machine reads them itself.
#pragma once

#include "../concepts/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::codec {

/// For `using Command = std::span<const std::byte>`. `Version` is the schema: change it when the bytes change.
template <std::uint64_t Version = 1>
struct Bytes {
    using Command = std::span<const std::byte>;

    static constexpr SchemaId schema{Version << 8 | 0xb7};

    [[nodiscard]] static std::size_t size(const Command& command) noexcept { return command.size(); }

    static void encode(const Command& command, std::span<std::byte> to) noexcept {
        if (!command.empty()) std::memcpy(to.data(), command.data(), command.size());
    }

    /// What `use` is given is good until it returns.
    template <class Use>
    [[nodiscard]] static bool decode(std::span<const std::byte> from, Use&& use) {
        use(Command{from});
        return true;
    }
};

}  // namespace replicator::codec
