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

template <class Self>
auto& log_of(Self& self) {
    return detail::changeable(self.log());
}
template <class Self>
auto& epochs_of(Self& self) {
    return detail::changeable(self.epochs());
}
template <class Self>
auto& roster_of(Self& self) {
    return detail::changeable(self.roster());
}

}  // namespace support
