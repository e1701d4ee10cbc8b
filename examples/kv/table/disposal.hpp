// SPDX-License-Identifier: BSL-1.0
// Disposal: what is thrown away as a whole is freed in slices, because to free three million nodes takes seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kv {

/// The trees that nobody wants any more, of the whole process, which one thread changes. `Node` has the links `left`
/// and `right` to others, which may be shared.
template <class Node>
class Disposal {
public:
    using Link = std::shared_ptr<Node>;

    /// Takes a tree; what somebody else still has, nobody has to free. O(1).
    static void take(Link root) {
        if (root.use_count() == 1) waiting().push_back(std::move(root));
    }
    [[nodiscard]] static bool is_empty() noexcept { return waiting().empty(); }

    /// Frees at most so many nodes.
    static void free_some(std::size_t nodes) {
        std::vector<Link>& links = waiting();
        for (; nodes > 0 && !links.empty(); --nodes) {
            const Link link = std::move(links.back());
            links.pop_back();
            take(std::move(link->left));
            take(std::move(link->right));
        }
    }

private:
    /// At most as many as the trees are high, for each of them. Left to the system when the process ends.
    [[nodiscard]] static std::vector<Link>& waiting() noexcept {
        static std::vector<Link>& links = *new std::vector<Link>;
        return links;
    }
};

}  // namespace kv
