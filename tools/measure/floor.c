/* The floor: what a bare C program needs to answer the same packet over the same socket.
 * floor SOCKET OUT: connects as the safety driver does; each packet with cp_high_mv 9000 is
 * answered with a fixed contactor-off order. OUT gets one instant (monotonic ns) a line. */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static void end(int number) { (void)number; ended = 1; }

int main(int argc, char **argv) {
    static const char hello[] = "{\"hello\":\"safety\"}";
    static const char off[] =
        "{\"outlet\":1,\"drive\":{\"duty_permille\":1000,\"cp_connected\":true,"
        "\"contactor_on\":false,\"phases\":3,\"lock_on\":true,\"residual_test\":false}}";
    static long long at_ns[4000000];
    size_t count = 0;
    struct sigaction action = {.sa_handler = end};
    struct sched_param fifo = {.sched_priority = 70};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char packet[8192];
    if (argc != 3) return 2;
    sigaction(SIGTERM, &action, NULL);
    if (sched_setscheduler(0, SCHED_FIFO, &fifo) != 0) setpriority(PRIO_PROCESS, 0, -20);
    mlockall(MCL_CURRENT | MCL_FUTURE);
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int wire = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (connect(wire, (struct sockaddr *)&address, sizeof address) != 0) return 1;
    if (send(wire, hello, sizeof hello - 1, 0) < 0) return 1;
    while (!ended) {
        struct pollfd ready = {.fd = wire, .events = POLLIN};
        if (poll(&ready, 1, 100) <= 0) continue;
        ssize_t length = recv(wire, packet, sizeof packet - 1, 0);
        if (length <= 0) break;
        packet[length] = 0;
        if (strstr(packet, "\"cp_high_mv\":9000") == NULL) continue;
        if (send(wire, off, sizeof off - 1, 0) < 0) break;
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (count < 4000000) at_ns[count++] = now.tv_sec * 1000000000LL + now.tv_nsec;
    }
    FILE *out = fopen(argv[2], "w");
    if (out == NULL) return 1;
    for (size_t i = 0; i < count; i++) fprintf(out, "%lld\n", at_ns[i]);
    return fclose(out) != 0;
}
