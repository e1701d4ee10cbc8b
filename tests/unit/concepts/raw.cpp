// SPDX-License-Identifier: BSL-1.0
// Which types have bytes that are their value, and what is found to be wrong with the others: how deep, and how far
// back in large structs. All of it is known when this compiles.

#include <replicator/concepts/checks/raw.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

namespace raw_types {

struct Empty {};
struct Plain {
    std::int64_t a;
    std::int32_t b[2];
    std::array<std::int16_t, 4> c;
};
enum class Small : std::int16_t { one };
struct WithEnum {
    Small a;
    std::int16_t b;
};
struct Handle {
    int* at;
    std::int64_t size;
};
struct Nested {
    std::int64_t a[3];
    std::array<Handle, 2> handles;
};
/// Behind more members than were looked at once.
struct Late {
    std::array<std::uint32_t, 200> a;
    const char* name;
};
struct LateAndNested {
    std::uint32_t a[400];
    struct {
        std::int64_t b;
        struct {
            std::int64_t c;
            std::string_view name;
        } inner;
    } outer;
};
/// Only so much is looked through, and the rest is trusted.
struct Huge {
    std::array<std::uint8_t, 60'000> a;
};
struct HugeAndLate {
    std::uint8_t a[1000];
    std::int64_t b;
    char* name[2];  // where a pointer has 4 bytes, one would leave padding behind it
};
struct LateVariant {
    std::int32_t a[100];
    std::variant<std::int32_t, std::int64_t> b;
};
class Closed {
public:
    Closed() = default;
    explicit Closed(int a) : a_(a) {}
    [[nodiscard]] int a() const { return a_; }

private:
    int a_ = 0;
};
class Needy {
public:
    explicit Needy(int a) : a_(a) {}
    [[nodiscard]] int a() const { return a_; }

private:
    int a_;
};
template <class T>
struct Two {
    T a;
    T b;
};
struct Floats {
    float a[400];
    double b;
};
struct FloatsWithPadding {
    float a[401];
    alignas(8) double b;  // which 32-bit x86 would put at a multiple of 4
};
struct PointerBehindFloats {
    float a[400];
    char* name;
};

}  // namespace raw_types

template <>
inline constexpr bool replicator::raw_is_safe<raw_types::Floats> = true;
template <>
inline constexpr bool replicator::raw_is_safe<raw_types::FloatsWithPadding> = true;
template <>
inline constexpr bool replicator::raw_is_safe<raw_types::PointerBehindFloats> = true;

BOOST_AUTO_TEST_SUITE(raw)

using replicator::raw_fault;
using replicator::RawFault;
using namespace raw_types;

BOOST_AUTO_TEST_CASE(plain_types_pass) {
    BOOST_TEST((raw_fault<int> == RawFault::none));
    BOOST_TEST((raw_fault<Plain> == RawFault::none));
    BOOST_TEST((raw_fault<WithEnum> == RawFault::none));
    BOOST_TEST((raw_fault<Two<Closed>> == RawFault::none));
    BOOST_TEST((raw_fault<Two<Needy>> == RawFault::none));
    BOOST_TEST((raw_fault<Huge> == RawFault::none));
    BOOST_TEST((raw_fault<Empty> == RawFault::padding));  // its byte is one
}

BOOST_AUTO_TEST_CASE(pointers_are_found_however_deep) {
    BOOST_TEST((raw_fault<int*> == RawFault::pointer));
    BOOST_TEST((raw_fault<Handle> == RawFault::pointer));
    BOOST_TEST((raw_fault<Nested> == RawFault::pointer));
    BOOST_TEST((raw_fault<Two<Two<std::string_view>>> == RawFault::pointer));
}

BOOST_AUTO_TEST_CASE(pointers_and_variants_are_found_behind_hundreds_of_members) {
    BOOST_TEST((raw_fault<Late> == RawFault::pointer));
    BOOST_TEST((raw_fault<LateAndNested> == RawFault::pointer));
    BOOST_TEST((raw_fault<PointerBehindFloats> == RawFault::pointer));
    BOOST_TEST((raw_fault<LateVariant> == RawFault::variant));
    // Here ends what the compiler is asked for.
    BOOST_TEST((raw_fault<HugeAndLate> == RawFault::none));
}

BOOST_AUTO_TEST_CASE(who_says_that_there_is_no_padding_is_believed_where_there_is_none) {
    BOOST_TEST((raw_fault<Floats> == RawFault::none));
    BOOST_TEST((raw_fault<FloatsWithPadding> == RawFault::padding_denied));
    BOOST_TEST((raw_fault<Two<float>> == RawFault::padding));  // nobody said so
}

BOOST_AUTO_TEST_SUITE_END()
