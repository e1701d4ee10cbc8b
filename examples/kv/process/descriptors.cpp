// SPDX-License-Identifier: BSL-1.0
// How the limit of the process is asked for, and raised.

#include "descriptors.hpp"

#include <sys/resource.h>

namespace kv {

std::size_t clients_that_fit(std::size_t wanted, std::size_t peers) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    const rlim_t needed = wanted + descriptors_beside_clients(peers);
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < needed) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max == RLIM_INFINITY || needed < limit.rlim_max ? needed : limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur == RLIM_INFINITY) return wanted;
    return clients_that_fit(wanted, peers, static_cast<std::size_t>(limit.rlim_cur));
}

}  // namespace kv
