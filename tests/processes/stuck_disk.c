/* SPDX-License-Identifier: BSL-1.0
 * Preloaded into a process, it makes the disk of that process stand still, as far as it lies beneath a folder.
 *
 *   STUCK_DISK_FOLDER    the folder, without links in its path
 *   STUCK_DISK_CONTROL   a file that says what is wrong now: "hang", "full", "fail", or nothing
 *
 * hang: fdatasync returns once that is no longer said.   full: what is written does not fit (ENOSPC).
 * fail: fdatasync fails (EIO). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_beneath(int file) {
    const char* const folder = getenv("STUCK_DISK_FOLDER");
    char link[64];
    char path[4096];
    ssize_t size;
    if (folder == NULL) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int is_said(const char* what) {
    const char* const control = getenv("STUCK_DISK_CONTROL");
    char said[16] = "";
    FILE* const file = control == NULL ? NULL : fopen(control, "r");
    if (file == NULL) return 0;
    if (fgets(said, sizeof said, file) == NULL) said[0] = 0;
    fclose(file);
    return strncmp(said, what, strlen(what)) == 0;
}

int fdatasync(int file) {
    int (*const real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    while (is_beneath(file) && is_said("hang")) usleep(10000);
    if (is_beneath(file) && is_said("fail")) return errno = EIO, -1;
    return real(file);
}

ssize_t pwritev(int file, const struct iovec* pieces, int count, off_t place) {
    ssize_t (*const real)(int, const struct iovec*, int, off_t) =
        (ssize_t(*)(int, const struct iovec*, int, off_t))dlsym(RTLD_NEXT, "pwritev");
    if (is_beneath(file) && is_said("full")) return errno = ENOSPC, -1;
    return real(file, pieces, count, place);
}

int posix_fallocate(int file, off_t from, off_t size) {
    int (*const real)(int, off_t, off_t) = (int (*)(int, off_t, off_t))dlsym(RTLD_NEXT, "posix_fallocate");
    if (is_beneath(file) && is_said("full")) return ENOSPC;
    return real(file, from, size);
}
