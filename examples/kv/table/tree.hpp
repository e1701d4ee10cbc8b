// SPDX-License-Identifier: BSL-1.0
// Tree: an ordered map that can be frozen in no time: nodes are shared, and a change copies what others still see.
//
// It is a balanced binary tree (AVL). A change makes its way down; nodes on the way that a frozen tree shares are
// copied, all others are changed where they are. So freezing costs one pointer, and a change costs at most about
// 1.5 * log2(entries) copied nodes, no matter what the keys are. Values are shared and never copied.
//
// All blocks are counted in Heap. A tree that goes, or is cleared, goes to Disposal at once, which frees it in slices.
#pragma once

#include "disposal.hpp"
#include "heap.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace kv {

class Tree {
public:
    using Value = std::shared_ptr<const std::string>;

    /// A value, whose blocks are counted.
    [[nodiscard]] static Value make_value(std::string text) {
        struct Counted {
            explicit Counted(std::string given) noexcept : text(std::move(given)) { Heap::took(bytes()); }
            Counted(const Counted&) = delete;
            Counted& operator=(const Counted&) = delete;
            ~Counted() { Heap::gave_back(bytes()); }
            [[nodiscard]] std::uint64_t bytes() const noexcept {
                return Heap::shared_bytes<Counted>() + Heap::string_bytes(text);
            }
            const std::string text;
        };
        const auto made = std::make_shared<const Counted>(std::move(text));
        return {made, &made->text};
    }

    struct Node;
    using Link = std::shared_ptr<Node>;

    struct Node {
        explicit Node(std::string_view given) : key(given) { Heap::took(heap_bytes()); }
        Node(const Node& other)
            : key(other.key),
              value(other.value),
              hash(other.hash),
              bytes(other.bytes),
              left(other.left),
              right(other.right),
              height(other.height) {
            Heap::took(heap_bytes());
        }
        Node& operator=(const Node&) = delete;
        ~Node() { Heap::gave_back(heap_bytes()); }

        [[nodiscard]] std::uint64_t heap_bytes() const noexcept {
            return Heap::shared_bytes<Node>() + Heap::string_bytes(key);
        }

        std::string key;
        Value value;
        std::uint64_t hash = 0;   ///< of key and value, chosen by the owner
        std::uint64_t bytes = 0;  ///< of all entries here and beneath, each key and value and `entry_overhead`
        Link left;
        Link right;
        int height = 1;
    };

    /// What one entry counts beside its key and its value.
    static constexpr std::uint64_t entry_overhead = 8;

    /// Nodes that each change frees of what was thrown away, so that it never waits for good.
    static constexpr std::size_t freed_per_change = 1;

    Tree() noexcept = default;
    Tree(const Tree&) noexcept = default;
    Tree(Tree&&) noexcept = default;
    Tree& operator=(Tree other) noexcept {
        root_.swap(other.root_);
        return *this;
    }
    ~Tree() { clear(); }

    [[nodiscard]] const Node* find(std::string_view key) const noexcept {
        const Node* node = root_.get();
        while (node != nullptr) {
            const int order = key.compare(node->key);
            if (order == 0) return node;
            node = order < 0 ? node->left.get() : node->right.get();
        }
        return nullptr;
    }

    /// Adds the entry, or replaces its value; `hash` is kept beside it.
    void put(std::string_view key, Value value, std::uint64_t hash) {
        Disposal<Node>::free_some(freed_per_change);
        put(root_, key, value, hash);
    }

    /// Removes the entry, which must be there.
    void remove(std::string_view key) { remove(root_, key); }

    /// O(1).
    void clear() noexcept { Disposal<Node>::take(std::move(root_)); }

    [[nodiscard]] const Node* root() const noexcept { return root_.get(); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes(root_); }

    /// Whether the tree is balanced and its sums are right; for tests. O(entries).
    [[nodiscard]] bool valid() const { return valid(root_.get()); }

private:
    [[nodiscard]] static int height(const Link& link) noexcept { return link ? link->height : 0; }
    [[nodiscard]] static std::uint64_t bytes(const Link& link) noexcept { return link ? link->bytes : 0; }
    [[nodiscard]] static std::uint64_t own_bytes(const Node& node) noexcept {
        return entry_overhead + node.key.size() + node.value->size();
    }

    /// The node, as this tree's alone.
    static Node& own(Link& link) {
        if (link.use_count() != 1) link = std::make_shared<Node>(*link);
        return *link;
    }

    static void update(Node& node) noexcept {
        node.height = 1 + std::max(height(node.left), height(node.right));
        node.bytes = own_bytes(node) + bytes(node.left) + bytes(node.right);
    }

    static void rotate_right(Link& link) {
        own(own(link).left);
        Link up = std::move(link->left);
        link->left = std::move(up->right);
        update(*link);
        up->right = std::move(link);
        link = std::move(up);
    }

    static void rotate_left(Link& link) {
        own(own(link).right);
        Link up = std::move(link->right);
        link->right = std::move(up->left);
        update(*link);
        up->left = std::move(link);
        link = std::move(up);
    }

    /// Restores balance and sums after a change beneath; `link` is this tree's alone already.
    static void balance(Link& link) {
        Node& node = *link;
        const int lean = height(node.left) - height(node.right);
        if (lean > 1) {
            if (height(node.left->left) < height(node.left->right)) rotate_left_below(node.left);
            rotate_right(link);
        } else if (lean < -1) {
            if (height(node.right->right) < height(node.right->left)) rotate_right_below(node.right);
            rotate_left(link);
        }
        update(*link);
    }

    static void rotate_left_below(Link& link) { rotate_left(link), update(*link); }
    static void rotate_right_below(Link& link) { rotate_right(link), update(*link); }

    static void put(Link& link, std::string_view key, Value& value, std::uint64_t hash) {
        if (!link) {
            link = std::make_shared<Node>(key);
            link->value = std::move(value);
            link->hash = hash;
            update(*link);
            return;
        }
        Node& node = own(link);
        const int order = key.compare(node.key);
        if (order == 0) {
            node.value = std::move(value);
            node.hash = hash;
            update(node);
            return;
        }
        put(order < 0 ? node.left : node.right, key, value, hash);
        balance(link);
    }

    static void remove(Link& link, std::string_view key) {
        Node& node = own(link);
        const int order = key.compare(node.key);
        if (order != 0) {
            remove(order < 0 ? node.left : node.right, key);
        } else if (!node.left || !node.right) {
            Link child = std::move(node.left ? node.left : node.right);
            link = std::move(child);
        } else {
            // The next one takes its place: a node keeps its key.
            const Link next = take_first(node.right);
            Node& up = *next;
            up.left = std::move(node.left);
            up.right = std::move(node.right);
            link = next;
        }
        if (link) balance(link);
    }

    /// Takes the node with the smallest key out.
    static Link take_first(Link& link) {
        Node& node = own(link);
        if (!node.left) {
            Link first = std::move(link);
            link = std::move(first->right);
            return first;
        }
        Link first = take_first(node.left);
        balance(link);
        return first;
    }

    static bool valid(const Node* node) {
        if (node == nullptr) return true;
        const int lean = height(node->left) - height(node->right);
        return lean >= -1 && lean <= 1 && (!node->left || node->left->key < node->key) &&
               (!node->right || node->key < node->right->key) &&
               node->height == 1 + std::max(height(node->left), height(node->right)) &&
               node->bytes == own_bytes(*node) + bytes(node->left) + bytes(node->right) && valid(node->left.get()) &&
               valid(node->right.get());
    }

    Link root_;
};

}  // namespace kv
