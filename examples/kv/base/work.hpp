// SPDX-License-Identifier: BSL-1.0
// Work: what the server's loop was doing in a call, so that a long one has a name.
#pragma once

#include <array>
#include <string>
#include <utility>

namespace kv {

/// Parts of the program say that they are at work; the loop asks after each call. Of the one thread that runs the loop.
class Work {
public:
    enum Kind : unsigned {
        requests = 1,   ///< of clients
        apply = 2,      ///< commands, to the table
        save = 4,       ///< the table, for a follower or the disk
        load = 8,       ///< a table that comes from the leader
        disposal = 16,  ///< of nodes that were thrown away
        flush = 32,     ///< the disk was done with a flush
    };

    static void note(Kind kind) noexcept { noted_ |= kind; }
    /// What was noted since the last call.
    [[nodiscard]] static unsigned take() noexcept { return std::exchange(noted_, 0u); }

    /// As in "requests+apply"; "other" for none of them.
    [[nodiscard]] static std::string name_of(unsigned kinds) {
        static constexpr std::array<const char*, 6> names{"requests", "apply", "save", "load", "disposal", "flush"};
        std::string text;
        for (unsigned i = 0; i < names.size(); ++i) {
            if ((kinds >> i & 1u) == 0) continue;
            if (!text.empty()) text += '+';
            text += names[i];
        }
        return text.empty() ? "other" : text;
    }

private:
    static inline unsigned noted_ = 0;
};

}  // namespace kv
