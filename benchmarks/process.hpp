// SPDX-License-Identifier: BSL-1.0
// Where a process runs, child processes for the other ends, and the page of memory that they share with the first.
#pragma once

#include "counters.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace benchmark {

/// Who waits how. Waking a sleeping process costs more than everything else at depth 1, so each figure names it.
enum class Wait : std::uint8_t { block, poll };

[[nodiscard]] inline const char* to_string(Wait wait) { return wait == Wait::block ? "block" : "poll"; }

[[noreturn]] inline void fail(const char* what) {
    std::fprintf(stderr, "benchmark: %s (errno %d)\n", what, errno);
    std::_Exit(1);
}

[[nodiscard]] inline int cores() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)); }

/// The leader, and whatever runs in one thread, has core 0; followers share the others.
[[nodiscard]] inline int core_of_follower(int follower) { return cores() < 2 ? 0 : 1 + follower % (cores() - 1); }

inline void pin_to(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

/// What a child tells its parent, without a system call.
struct SharedPage {
    Counts counts;
    std::atomic<std::uint64_t> progress{0};  ///< messages or bytes so far
    std::atomic<std::uint32_t> port{0};      ///< where the child listens, once it does
};

/// A child process on a core of its own. It is killed and reaped when this object goes, or when its parent dies.
class Child {
public:
    /// Runs `body(page)` in a new process; it should not return before the child is killed.
    template <class Body>
    Child(int core, Body&& body) {
        void* memory = mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) fail("mmap");
        page_ = new (memory) SharedPage;
        std::fflush(nullptr);
        pid_ = fork();
        if (pid_ < 0) fail("fork");
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pin_to(core);
            count_into(page_->counts);
            std::forward<Body>(body)(*page_);
            for (;;) pause();
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        kill(pid_, SIGKILL);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        munmap(page_, sizeof(SharedPage));
    }

    [[nodiscard]] SharedPage& page() const { return *page_; }

private:
    SharedPage* page_ = nullptr;
    pid_t pid_ = -1;
};

}  // namespace benchmark
