// SPDX-License-Identifier: BSL-1.0
// Every public default template argument, first named inside templates. g++ 12 evaluates such arguments where they
// stand, before it defines the members that the compiler was to make for their types. Nothing outside a template may
// name them before that, so this source is compiled alone.
#include <replicator/codec/bytes.hpp>
#include <replicator/codec/fields.hpp>
#include <replicator/dynamic/any_node.hpp>
#include <replicator/log/file.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/machine/twin_check.hpp>
#include <replicator/pair/node.hpp>
#include <replicator/profile/pair.hpp>
#include <replicator/replicator.hpp>
#include <replicator/storage/posix.hpp>
#include <replicator/storage/simulated.hpp>
#include <replicator/transport/datagram.hpp>
#include <replicator/transport/serial.hpp>

#if __has_include(<asio.hpp>)
#include <replicator/asio/asio_replicator.hpp>
#include <replicator/asio/handler_memory.hpp>
#include <replicator/asio/udp.hpp>
#include <replicator/asio/write/operation_memory.hpp>
#endif

#include <cstddef>
#include <cstdint>

namespace replicator {

template <class Machine, class Ack>
std::size_t node_bytes() {
    return sizeof(Replicator<Machine, log::Ring<32768>, Ack, transport::Memory>) +
           Replicator<Machine, log::Memory<>, Ack, transport::Memory>::guarantee().holders;
}

template <class Machine>
std::size_t over_every_policy() {
    return node_bytes<Machine, ack::SemiSync<>>() + node_bytes<Machine, ack::Sync<>>() +
           node_bytes<Machine, ack::Async<>>() + node_bytes<Machine, ack::Majority<>>() +
           node_bytes<Machine, ack::Quorum<2>>() + node_bytes<Machine, ack::Async<Stage::received>>() +
           node_bytes<Machine, ack::SemiSync<AskedStage{}>>() + node_bytes<Machine, ack::Sync<Stage::applied>>();
}

template <class Machine>
std::size_t over_every_log() {
    using OverRing = Replicator<Machine, log::Ring<32768>, ack::SemiSync<>, transport::Manual>;
    using OverMemory = Replicator<Machine, log::Memory<>, ack::Majority<>, transport::Manual>;
    using OverFile = Replicator<Machine, log::File<storage::Simulated>, ack::Quorum<2>, transport::Manual>;
    return sizeof(OverRing) + sizeof(OverMemory) + sizeof(OverFile);
}

template <class Machine>
class Holder {
    using Node = Replicator<Machine, log::Ring<32768>, ack::SemiSync<>, transport::Memory>;
    static_assert(Node::guarantee(2).losses_survived == 1);
};

template <class Machine>
std::size_t behind_a_table(AnyNode<Machine> node) {
    return node.guarantee().holders;
}

template <class Machine>
std::size_t on_two_boards() {
    using AsPair = Replicator<Machine, log::Ring<1024>, ack::SemiSync<>, transport::Manual, profile::Pair>;
    return sizeof(pair::Node<Machine, ack::SemiSync<>>) + sizeof(pair::Node<Machine, ack::Async<>>) + sizeof(AsPair);
}

template <class Byte>
std::size_t schema_of_bytes() {
    return sizeof(Byte) + value(codec::Bytes<>::schema);
}

template <class Address>
std::size_t over_links() {
    return sizeof(transport::Datagram<1200, Address>) + sizeof(transport::Serial<256>) +
           transport::DatagramOptions<1200>::frame_bytes_max;
}

template <class Command>
std::size_t schema_of_fields() {
    return value(codec::Fields<Command>::schema);
}

template <class Machine>
std::size_t twice() {
    return sizeof(machine::TwinCheck<Machine>);
}

template <class System>
std::size_t over_the_system() {
    return sizeof(storage::BasicPosix<System>);
}

#if __has_include(<asio.hpp>)
template <class Machine>
std::size_t over_asio() {
    using Node = AsioReplicator<Machine, log::Ring<32768>, ack::SemiSync<>>;
    using NodeOn = AsioReplicatorOn<asio::io_context::executor_type, Machine, log::Ring<32768>, ack::Sync<>>;
    return sizeof(Node) + sizeof(NodeOn) + sizeof(detail::OperationAllocator<>) + sizeof(detail::HandlerAllocator<>) +
           sizeof(transport::AsioUdp<>);
}
#endif

struct Counter {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};

std::size_t every_default() {
    std::size_t bytes =
        sizeof(NodeStatus<4>) + over_every_policy<Counter>() + over_every_log<Counter>() + sizeof(Holder<Counter>) +
        schema_of_bytes<std::byte>() + over_the_system<storage::PosixSystem>() + behind_a_table<Counter>({}) +
        on_two_boards<Counter>() + schema_of_fields<std::uint16_t>() + twice<Counter>() + over_links<std::uint64_t>();
#if __has_include(<asio.hpp>)
    bytes += over_asio<Counter>();
#endif
    return bytes;
}

}  // namespace replicator
