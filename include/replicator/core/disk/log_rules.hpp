// SPDX-License-Identifier: BSL-1.0
// The note that a node leaves in its log: under which rules all that is there came to be.
#pragma once

#include "../../encoding/bytes.hpp"
#include "../../error.hpp"
#include "../../types.hpp"
#include "../self.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// The rules under which the entries of a log were written. The log keeps them, so that another program, or the same
/// one among other nodes, is refused: rules that differ look for acknowledged writes in other places.
struct LogRules {
    static constexpr std::size_t bytes = 20;

    SchemaId schema{};
    std::uint32_t snapshot_format = 0;
    std::uint32_t membership = 0;
    std::uint32_t policy = 0;

    template <class Composition>
    [[nodiscard]] static LogRules of(const Self<Composition>& self) noexcept {
        return {Composition::Codec::schema, Composition::snapshot_format, self.membership, self.policy()};
    }

    [[nodiscard]] std::array<std::byte, bytes> write() const noexcept {
        std::array<std::byte, bytes> to{};
        ByteWriter(to.data()).each(schema, snapshot_format, membership, policy);
        return to;
    }
    /// Why a log with this note is of no use under `now`.
    [[nodiscard]] static Error mismatch(std::span<const std::byte> from, const LogRules& now) noexcept {
        if (from.size() != bytes) return Error::wrong_version;
        LogRules kept;
        ByteReader(from.data()).each(kept.schema, kept.snapshot_format, kept.membership, kept.policy);
        if (kept.schema != now.schema || kept.snapshot_format != now.snapshot_format) return Error::wrong_schema;
        if (kept.membership != now.membership) return Error::wrong_membership;
        return kept.policy == now.policy ? Error::none : Error::wrong_policy;
    }
};

}  // namespace replicator::core
