// SPDX-License-Identifier: BSL-1.0
// Makes standalone Asio compile without exceptions and RTTI. Include it before anything of Asio, in every file, or
// define the two macros on the command line and include it in one; Asio does not look at the compiler's flags.
#pragma once

#include "../assert.hpp"

#ifndef ASIO_NO_EXCEPTIONS
#define ASIO_NO_EXCEPTIONS 1
#endif
#ifndef ASIO_NO_TYPEID
#define ASIO_NO_TYPEID 1
#endif

#include <asio/detail/throw_exception.hpp>

namespace asio::detail {

/// What Asio would throw is a failure to set itself up, or the use of a call without an `error_code`; the library has
/// none of the latter. Newer versions of Asio pass the place too.
template <typename Exception>
#ifdef ASIO_SOURCE_LOCATION_PARAM
void throw_exception(const Exception& ASIO_SOURCE_LOCATION_PARAM) {
#else
void throw_exception(const Exception&) {
#endif
    REPLICATOR_ASSERT(false);
    __builtin_trap();
}

}  // namespace asio::detail
