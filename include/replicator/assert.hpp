// SPDX-License-Identifier: BSL-1.0
// Assertions on programming errors: replaceable by the user, and never about input that others send.
#pragma once

/// Checks what only a bug can break: in the library, or in how it is used, as a Config that lists a node twice. Define
/// REPLICATOR_ASSERT(condition) before the first include, the same in the whole program, to send failures to your own
/// handler, or as `static_cast<void>(0)` to remove the checks. By default a failure stops the program with a trap
/// instruction ("Illegal instruction"): no output, no unwinding, nothing that firmware would have to link. To see which
/// one it was, look at the top of the stack in a debugger, or define the macro as what prints its text, `#condition`;
/// where there is an operating system, `assert(condition)` of <cassert> does.
#ifndef REPLICATOR_ASSERT
#define REPLICATOR_ASSERT(condition) (static_cast<bool>(condition) ? static_cast<void>(0) : __builtin_trap())
#endif
