// SPDX-License-Identifier: BSL-1.0
// A former name of asio/tcp.hpp, where all that needs Asio is.
#pragma once

#include "../asio/tcp.hpp"
