// SPDX-License-Identifier: BSL-1.0
// The names that programs have in their signatures, declared only: for headers that speak of a node and do not call it.
//
//     #include <replicator/ack/semi_sync.hpp>   // the policies of acknowledgement are as small as their declarations
//     #include <replicator/fwd.hpp>
//
//     using Node = replicator::Replicator<Lights, replicator::log::Ring<4096>, replicator::ack::SemiSync<>,
//                                         replicator::transport::Manual>;
//     void show(const Node& node);
//
// Default arguments of templates stand here, and not where the templates are defined. log::File is not here, because it
// asks something of its storage.
#pragma once

#include "types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator {

// What calls take and give.
enum class Error : std::uint8_t;
enum class WriteState : std::uint8_t;
enum class FollowerState : std::uint8_t;
enum class PromotionStep : std::uint8_t;
enum class DrainStep : std::uint8_t;
struct Acknowledgement;
struct Config;
struct Counters;
struct DrainStatus;
struct NoObserver;
struct Options;
struct PeerStatus;
struct PromotionOptions;
struct SnapshotProgress;
struct Ticket;
class Session;
template <class Value>
class Result;
template <class Stored>
struct Outcome;
template <std::size_t PeersMax, class Counts = Counters>
struct NodeStatus;
template <std::size_t PeersMax>
struct PeerStatuses;
template <std::size_t PeersMax>
struct PromotionStatus;

// The node. See basic_replicator.hpp.
template <class Machine, class Log, class Ack, class Transport, class Limits = Options, class Observer = NoObserver>
class Replicator;

namespace log {
template <std::size_t Bytes, std::size_t EntryBytesMax = Bytes / 4>
class Ring;
template <std::size_t BytesMax = std::size_t{64} << 20, std::size_t SegmentBytes = std::size_t{1} << 20,
          std::size_t EntryBytesMax = SegmentBytes / 4>
class Memory;
}  // namespace log

namespace transport {
struct Manual;
template <std::size_t NodesMax, std::size_t BufferBytes>
class MemoryOf;
using Memory = MemoryOf<8, std::size_t{64} * 1024>;
template <class Executor>
class AsioTcpOn;
}  // namespace transport

namespace storage {
struct PosixSystem;
class Simulated;
class SimulatedDisk;
class SyncWorker;
template <class System>
class FlushInCall;
template <class System>
class FlushOnWorker;
template <class System, class Flushing>
class BasicPosix;
using Posix = BasicPosix<PosixSystem, FlushInCall<PosixSystem>>;
using PosixThreaded = BasicPosix<PosixSystem, FlushOnWorker<PosixSystem>>;
}  // namespace storage

namespace authority {
struct Manual;
class Lease;
}  // namespace authority

}  // namespace replicator
