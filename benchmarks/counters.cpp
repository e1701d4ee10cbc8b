// SPDX-License-Identifier: BSL-1.0
// Stands before the C library: counts every allocation, and every system call that moves bytes or waits for them.
//
// operator new ends in malloc, and so do the allocators of Asio, so counting there misses nothing. Only glibc offers
// its allocator under a second name; elsewhere operator new alone is counted.
#include "counters.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace benchmark {
namespace {

Counts first_counts;
Counts* counts = &first_counts;

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

void count_into(Counts& to) { counts = &to; }
const Counts& own_counts() { return *counts; }

}  // namespace benchmark

using benchmark::count;
using benchmark::counts;

#ifdef __GLIBC__

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
    count(counts->allocations);
    return __libc_malloc(bytes);
}
void* calloc(std::size_t number, std::size_t bytes) {
    count(counts->allocations);
    return __libc_calloc(number, bytes);
}
void* realloc(void* old, std::size_t bytes) {
    count(counts->allocations);
    return __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    count(counts->allocations);
    return __libc_memalign(alignment, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
    count(counts->allocations);
    return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
    count(counts->allocations);
    *result = __libc_memalign(alignment, bytes);
    return *result == nullptr ? ENOMEM : 0;
}

}  // extern "C"

#else

void* operator new(std::size_t bytes) {
    count(counts->allocations);
    if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

#endif

extern "C" {

ssize_t read(int file, void* to, std::size_t bytes) {
    count(counts->system_calls);
    return syscall(SYS_read, file, to, bytes);
}
ssize_t write(int file, const void* from, std::size_t bytes) {
    count(counts->system_calls);
    return syscall(SYS_write, file, from, bytes);
}
ssize_t readv(int file, const iovec* to, int number) {
    count(counts->system_calls);
    return syscall(SYS_readv, file, to, number);
}
ssize_t writev(int file, const iovec* from, int number) {
    count(counts->system_calls);
    return syscall(SYS_writev, file, from, number);
}
ssize_t recv(int socket, void* to, std::size_t bytes, int flags) {
    count(counts->system_calls);
    return syscall(SYS_recvfrom, socket, to, bytes, flags, nullptr, nullptr);
}
ssize_t send(int socket, const void* from, std::size_t bytes, int flags) {
    count(counts->system_calls);
    return syscall(SYS_sendto, socket, from, bytes, flags, nullptr, 0);
}
ssize_t recvmsg(int socket, msghdr* message, int flags) {
    count(counts->system_calls);
    return syscall(SYS_recvmsg, socket, message, flags);
}
ssize_t sendmsg(int socket, const msghdr* message, int flags) {
    count(counts->system_calls);
    return syscall(SYS_sendmsg, socket, message, flags);
}
int epoll_wait(int file, epoll_event* events, int number, int timeout) {
    count(counts->system_calls);
    return static_cast<int>(syscall(SYS_epoll_pwait, file, events, number, timeout, nullptr, 0));
}
int epoll_ctl(int file, int operation, int other, epoll_event* event) noexcept {
    count(counts->system_calls);
    return static_cast<int>(syscall(SYS_epoll_ctl, file, operation, other, event));
}
int timerfd_settime(int file, int flags, const itimerspec* next, itimerspec* old) noexcept {
    count(counts->system_calls);
    return static_cast<int>(syscall(SYS_timerfd_settime, file, flags, next, old));
}
int poll(pollfd* files, nfds_t number, int timeout) {
    count(counts->system_calls);
    return static_cast<int>(syscall(SYS_poll, files, number, timeout));
}

}  // extern "C"
