// SPDX-License-Identifier: BSL-1.0
// Which of the addresses behind a name is called next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace kv {

/// Told how often connections to a peer were made, and how often one, or an attempt at one, ended since it was there.
template <class Endpoint>
class AddressChoice {
public:
    /// The address that was chosen last is of no use any more, or there is none yet: look the name up again.
    [[nodiscard]] bool is_due(std::uint64_t failures) const { return !chosen_ || failures != failures_; }

    /// From what the name means now: the one that worked, for as long as it is among them; else the one after the last.
    [[nodiscard]] const Endpoint& choose(const std::vector<Endpoint>& found, std::uint64_t connections) {
        auto at = chosen_ ? std::find(found.begin(), found.end(), *chosen_) : found.end();
        const bool worked = connections != connections_;
        if (at != found.end() && !worked) ++at;
        chosen_ = at == found.end() ? found.front() : *at;
        return *chosen_;
    }
    /// What is counted as an end of the chosen one begins here: to choose another one ends an attempt, too.
    void chose(std::uint64_t connections, std::uint64_t failures) {
        connections_ = connections;
        failures_ = failures;
    }

private:
    std::optional<Endpoint> chosen_;
    std::uint64_t connections_ = 0;
    std::uint64_t failures_ = 0;
};

}  // namespace kv
