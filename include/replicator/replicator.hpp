// SPDX-License-Identifier: BSL-1.0
// Replicator<StateMachine, LogPolicy, AckPolicy, Transport>: keeps a state machine of yours identical on several nodes.
//
// Includes everything that needs neither heap nor operating system: the acknowledgement policies, log::Ring, Clock32,
// and the transports Memory and Manual. basic_replicator.hpp has the class alone.
#pragma once

#include "ack/async.hpp"
#include "ack/majority.hpp"
#include "ack/quorum.hpp"
#include "ack/semi_sync.hpp"
#include "ack/sync.hpp"
#include "api/clock32.hpp"
#include "authority/lease.hpp"
#include "authority/manual.hpp"
#include "basic_replicator.hpp"
#include "log/ring.hpp"
#include "transport/manual.hpp"
#include "transport/memory.hpp"
