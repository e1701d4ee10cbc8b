// SPDX-License-Identifier: BSL-1.0
// Assertions on programming errors: replaceable by the user, and never about input that others send.
#pragma once

/// Checks what only a bug can break. Define REPLICATOR_ASSERT(condition) before the first include to send failures to
/// your own handler, or as `static_cast<void>(0)` to remove the checks. By default a failure stops the program with a
/// trap instruction: no output, no unwinding, nothing that firmware would have to link.
#ifndef REPLICATOR_ASSERT
#define REPLICATOR_ASSERT(condition) (static_cast<bool>(condition) ? static_cast<void>(0) : __builtin_trap())
#endif
