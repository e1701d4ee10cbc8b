// SPDX-License-Identifier: BSL-1.0
// Includes what needs Asio, so that the target must say where Asio is.

#if __has_include(<replicator/asio/asio_replicator.hpp>)
#include <replicator/asio/asio_replicator.hpp>
#endif
#include <replicator/asio/error_code.hpp>

#include <asio/io_context.hpp>

int main() {
    asio::io_context io;
    io.run();
    return make_error_code(replicator::Error::busy) ? 0 : 1;
}
