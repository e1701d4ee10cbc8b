/* SPDX-License-Identifier: BSL-1.0
 * A client that vanishes: it says some words to a server, and from then on its kernel answers nothing any more, as if
 * its machine had lost power. A filter that takes no packet does that, and needs no privileges.
 *
 *     gone_client PORT TEXT            says TEXT, vanishes, and waits to be ended
 *     gone_client PORT TEXT LATER      says TEXT, vanishes, and says LATER, whose answer it will not confirm
 *     gone_client PORT TEXT half       says TEXT, ends its side alone, and prints what is answered up to the end
 *
 * TEXT and LATER are requests, with '/' for the end of a line. It prints "gone" when it is. */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int say(int socket, const char* text) {
    char letters[4096];
    size_t size = 0;
    for (; *text != '\0' && size < sizeof letters - 2; ++text) {
        if (*text != '/') {
            letters[size++] = *text;
        } else {
            letters[size++] = '\r';
            letters[size++] = '\n';
        }
    }
    return send(socket, letters, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static int vanish(int socket) {
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog filter = {1, nothing};
    return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(arguments[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, (struct sockaddr*)&address, sizeof address) != 0) return 1;
    if (!say(connection, arguments[2])) return 1;
    char answer[4096];
    if (count > 3 && strcmp(arguments[3], "half") == 0) {
        shutdown(connection, SHUT_WR);
        for (ssize_t got; (got = recv(connection, answer, sizeof answer, 0)) > 0;) fwrite(answer, 1, (size_t)got, stdout);
        return 0;
    }
    /* What it said has arrived when the server has said something, too. */
    if (recv(connection, answer, sizeof answer, 0) <= 0 || !vanish(connection)) return 1;
    if (count > 3 && !say(connection, arguments[3])) return 1;
    puts("gone");
    fflush(stdout);
    pause();
    return 0;
}
