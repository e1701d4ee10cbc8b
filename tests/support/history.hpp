// SPDX-License-Identifier: BSL-1.0
// The insides of a history, each by itself, for tests that bring about what a node comes to in a long life only.
#pragma once

namespace support {

namespace detail {

template <class Part>
Part& changeable(const Part& part) {
    return const_cast<Part&>(part);
}

}  // namespace detail

template <class Local>
auto& log_of(Local& local) {
    return detail::changeable(local.log());
}
template <class Local>
auto& epochs_of(Local& local) {
    return detail::changeable(local.epochs());
}
template <class Local>
auto& roster_of(Local& local) {
    return detail::changeable(local.roster());
}

}  // namespace support
