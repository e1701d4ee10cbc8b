// SPDX-License-Identifier: BSL-1.0
// A message is its layout: its fields stand in memory in their order on the wire, without padding. A little-endian
// machine writes and reads it in one copy; any other takes it field by field.
#pragma once

#include "bytes.hpp"

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace replicator {

/// The compiler finds no byte in it that no field has, and may copy it.
template <class Message>
concept Layout = std::is_trivially_copyable_v<Message> && std::is_standard_layout_v<Message> &&
    std::has_unique_object_representations_v<Message>;

/// The way of machines that are not little-endian. `Message::each_field` lists the fields in their order.
template <Layout Message>
void write_by_field(std::byte* to, const Message& message) noexcept {
    ByteWriter bytes(to);
    if constexpr (requires { Message::each_field(bytes, message); }) {
        Message::each_field(bytes, message);
    } else {
        bytes.put(message);
    }
}

template <Layout Message>
void read_by_field(const std::byte* from, Message& message) noexcept {
    ByteReader bytes(from);
    if constexpr (requires { Message::each_field(bytes, message); }) {
        Message::each_field(bytes, message);
    } else {
        bytes.get(message);
    }
}

/// Writes a message, and returns where it ends.
template <Layout Message>
std::byte* write_layout(std::byte* to, const Message& message) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(to, &message, sizeof message);
    } else {
        write_by_field(to, message);
    }
    return to + sizeof message;
}

/// Reads a message, and returns where it ends.
template <Layout Message>
const std::byte* read_layout(const std::byte* from, Message& message) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        std::memcpy(&message, from, sizeof message);
    } else {
        read_by_field(from, message);
    }
    return from + sizeof message;
}

}  // namespace replicator
