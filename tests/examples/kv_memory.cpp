// SPDX-License-Identifier: BSL-1.0
// What the table says that it takes, beside what the allocator says; and what is thrown away, which goes in slices.

#include "kv/table/disposal.hpp"
#include "kv/table/heap.hpp"
#include "kv/table/table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

BOOST_AUTO_TEST_SUITE(kv_memory)

namespace {

using kv::Disposal;
using kv::Heap;
using kv::Operation;
using kv::Table;
using kv::Tree;

/// Bytes that the allocator gave out; 0 where it does not say.
[[nodiscard]] std::uint64_t given_out() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    const auto now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
#else
    return 0;
#endif
}
/// Sanitizers have allocators of their own.
[[nodiscard]] bool allocator_tells() {
    const std::uint64_t before = given_out();
    const std::vector<char> block(1 << 16);
    return given_out() > before && block.size() > 0;
}

void free_all() {
    while (!Disposal<Tree::Node>::is_empty()) Disposal<Tree::Node>::free_some(1000);
}

void set(Table& table, std::string_view key, std::string_view value) {
    const std::string_view words[] = {key, value};
    table.apply({Operation::set, 0, words});
}
[[nodiscard]] std::string key_of(std::size_t number, std::size_t bytes) {
    std::string key = std::to_string(number * 7919 % 1'000'003);
    key.resize(std::max(key.size(), bytes), 'k');
    return key;
}

/// What the table says and what the allocator says, both since `begin`.
struct Measured {
    std::uint64_t heap = Heap::bytes();
    std::uint64_t given = given_out();

    void expect_equal(std::string_view what) const {
        const auto counted = static_cast<double>(Heap::bytes() - heap);
        const auto real = static_cast<double>(given_out() - given);
        BOOST_TEST_MESSAGE(what << ": counted " << counted << ", taken " << real);
        BOOST_TEST(counted > 0);
        if (!allocator_tells()) return;
        BOOST_TEST((counted > 0.85 * real && counted < 1.15 * real), what << ": " << counted / real);
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_entry_counts_what_it_takes) {
    struct Sizes {
        std::size_t key, value, entries;
    };
    for (const Sizes sizes : {Sizes{8, 0, 5000}, Sizes{8, 8, 5000}, Sizes{20, 20, 5000}, Sizes{20, 100, 5000},
                              Sizes{100, 1000, 2000}, Sizes{1000, 8, 2000}, Sizes{4096, 100'000, 100}}) {
        BOOST_TEST_CONTEXT("key " << sizes.key << ", value " << sizes.value) {
            free_all();
            const Measured before;
            Table table;
            const std::string value(sizes.value, 'v');
            for (std::size_t i = 0; i < sizes.entries; ++i) set(table, key_of(i, sizes.key), value);
            before.expect_equal("full");
            for (std::size_t i = 0; i < sizes.entries; i += 2) set(table, key_of(i, sizes.key), value + value);
            before.expect_equal("values that grew");
            for (std::size_t i = 0; i < sizes.entries; i += 3) {
                const std::string key = key_of(i, sizes.key);
                const std::string_view words[] = {key};
                table.apply({Operation::remove, 0, words});
            }
            BOOST_TEST(table.valid());
            before.expect_equal("with holes");
        }
    }
}

BOOST_AUTO_TEST_CASE(appended_values_and_numbers_count) {
    free_all();
    const Measured before;
    Table table;
    for (int i = 0; i < 20'000; ++i) {
        const std::string key = key_of(static_cast<std::size_t>(i) % 2000, 10);
        const std::string_view words[] = {key, "and twenty more bytes"};
        i % 2 == 0 ? table.apply({Operation::append, 0, words}) : table.apply({Operation::add, 1, std::span(words, 1)});
    }
    before.expect_equal("appended");
}

// While a snapshot is sent, what changes is there twice.
BOOST_AUTO_TEST_CASE(what_only_a_snapshot_still_has_counts) {
    free_all();
    const Measured before;
    Table table;
    for (std::size_t i = 0; i < 5000; ++i) set(table, key_of(i, 20), std::string(100, 'v'));
    const std::uint64_t once = Heap::bytes() - before.heap;
    {
        const kv::FrozenTable frozen = table.freeze();
        for (std::size_t i = 0; i < 5000; ++i) set(table, key_of(i, 20), std::string(100, 'w'));
        before.expect_equal("frozen");
        BOOST_TEST(Heap::bytes() - before.heap > once * 19 / 10);
    }
    free_all();
    BOOST_TEST(Heap::bytes() - before.heap == once);
    before.expect_equal("thawed");
}

BOOST_AUTO_TEST_CASE(what_is_thrown_away_is_freed_in_slices) {
    free_all();
    const std::uint64_t empty = Heap::bytes();
    {
        Table table;
        for (std::size_t i = 0; i < 10'000; ++i) set(table, key_of(i, 20), "value");
        const std::uint64_t full = Heap::bytes();
        table.apply({Operation::clear, 0, {}});
        BOOST_TEST(table.size() == 0u);
        BOOST_TEST(table.bytes() == 0u);
        BOOST_TEST(table.digest() == 0u);
        BOOST_TEST(Heap::bytes() == full);  // nothing was freed yet
        BOOST_TEST(Heap::bytes_in_use() == 0u);
        std::uint64_t last = full;
        int slices = 0;
        for (; !Disposal<Tree::Node>::is_empty(); ++slices) {
            Disposal<Tree::Node>::free_some(100);
            BOOST_TEST(Heap::bytes() <= last);
            BOOST_TEST(last - Heap::bytes() <= 100 * 400u);
            last = Heap::bytes();
        }
        BOOST_TEST(slices >= 100);
        BOOST_TEST(Heap::bytes() == empty);

        // Whoever only writes frees, too.
        for (std::size_t i = 0; i < 1000; ++i) set(table, key_of(i, 20), "value");
        table.apply({Operation::clear, 0, {}});
        for (std::size_t i = 0; i < 1000; ++i) set(table, key_of(i, 20), "value");
        BOOST_TEST(Disposal<Tree::Node>::is_empty());
        BOOST_TEST(Heap::bytes_in_use() == Heap::bytes());
    }
    BOOST_TEST(!Disposal<Tree::Node>::is_empty());  // the table itself
    free_all();
    BOOST_TEST(Heap::bytes() == empty);
}

// A state that is replaced, and one that was frozen, are freed in slices as well.
BOOST_AUTO_TEST_CASE(a_state_that_is_replaced_is_freed_later) {
    free_all();
    const std::uint64_t empty = Heap::bytes();
    {
        Table table;
        for (std::size_t i = 0; i < 1000; ++i) set(table, key_of(i, 20), "value");
        std::optional<kv::FrozenTable> frozen(table.freeze());
        table = Table();
        BOOST_TEST(Disposal<Tree::Node>::is_empty());  // the frozen one has it all
        const std::uint64_t full = Heap::bytes();
        frozen.reset();
        BOOST_TEST(Heap::bytes() == full);
        BOOST_TEST(!Disposal<Tree::Node>::is_empty());
    }
    free_all();
    BOOST_TEST(Heap::bytes() == empty);
}

BOOST_AUTO_TEST_SUITE_END()
