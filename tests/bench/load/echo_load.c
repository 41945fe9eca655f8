/* Loads an echo server: every connection sends a message, waits until all of it has come back, and
 * sends the next. One thread, bare epoll, so that it takes little of what the server could use.
 *
 *   echo_load PORT CONNECTIONS SECONDS [--bytes N] [--requests N] [--every-us N] [--pid N]
 *
 * The clock begins when every connection has had one answer, so that accepting them is not in it.
 * With --requests it ends after so many round trips, if the seconds are not over before. With
 * --every-us a connection sends at fixed times, so far apart, and latency counts from the time at
 * which a message should have been sent: an answer that is late delays those after it, and that is
 * part of what the server did. Prints one line of JSON: requests, requests_per_s, p50, p99, p999
 * and max in microseconds, errors; with --pid also cpu_us, the CPU time a request of the process
 * that serves. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/load/latency.h"
#include "tests/bench/load/server_cpu.h"

#define EVENTS_MAX 512
#define BYTES_MAX 65536
/* An address has 28,000 ports, and those of the run before are still closing. */
#define PER_ADDRESS 1000

struct connection {
  int fd;
  uint32_t missing; /* bytes of the answer that have not come yet; 0: nothing is under way */
  uint64_t due_ns;  /* when the message under way was, or the next one is, to be sent */
};

struct run {
  int epoll, timer;
  uint16_t port;
  uint32_t connections;
  struct connection *all;
  uint32_t bytes;
  uint64_t requests_max;
  uint64_t every_ns; /* 0: at once */
  uint64_t ends_ns;
  uint64_t pid, cpu_began_ns; /* of the server; 0: not given */
  uint64_t requests, errors;
  struct latency latency;
};

static char message[BYTES_MAX];

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what) {
  fprintf(stderr, "echo_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* From 127.0.0.2 on, a thousand connections from each address. */
static int connect_one(const struct run *run, uint32_t index) {
  const int one = 1;
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index / PER_ADDRESS);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(run->port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
  if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0) die("bind");
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  return fd;
}

static void give_up(struct run *run, struct connection *connection) {
  run->errors++;
  close(connection->fd);
  connection->fd = -1;
}

static void send_now(struct run *run, struct connection *connection) {
  connection->missing = run->bytes;
  ssize_t sent = send(connection->fd, message, run->bytes, MSG_NOSIGNAL);
  if (sent != (ssize_t)run->bytes) give_up(run, connection);
}

static void answered(struct run *run, struct connection *connection) {
  uint64_t now = now_ns();
  latency_add(&run->latency, now - connection->due_ns);
  run->requests++;
  connection->due_ns = run->every_ns > 0 ? connection->due_ns + run->every_ns : now;
  if (connection->due_ns <= now) send_now(run, connection);
}

static void receive(struct run *run, struct connection *connection) {
  static char buffer[BYTES_MAX];
  if (connection->fd < 0) return;
  ssize_t size = recv(connection->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0 || (uint32_t)size > connection->missing) {
    give_up(run, connection);
    return;
  }
  connection->missing -= (uint32_t)size;
  if (connection->missing == 0) answered(run, connection);
}

/* Sends what is due and sets the timer for what is next. */
static void send_due(struct run *run) {
  uint64_t now = now_ns(), next = run->ends_ns;
  for (uint32_t i = 0; i < run->connections; i++) {
    struct connection *connection = &run->all[i];
    if (connection->fd < 0 || connection->missing > 0) continue;
    if (connection->due_ns <= now) {
      send_now(run, connection);
    } else if (connection->due_ns < next) {
      next = connection->due_ns;
    }
  }
  struct itimerspec when = {
      .it_value = {.tv_sec = (time_t)(next / 1000000000u), .tv_nsec = (long)(next % 1000000000u)}};
  timerfd_settime(run->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int is_over(const struct run *run) {
  return run->errors >= run->connections || now_ns() >= run->ends_ns ||
         (run->requests_max > 0 && run->requests >= run->requests_max);
}

static void exchange(struct run *run) {
  struct epoll_event events[EVENTS_MAX];
  while (!is_over(run)) {
    int count = epoll_wait(run->epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr != NULL) receive(run, events[i].data.ptr);
    }
    if (run->every_ns > 0) send_due(run);
  }
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t usual) {
  for (int i = 4; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 10);
  }
  return usual;
}

/* What a limit of the shell's would not let it open. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void print(const struct run *run, double seconds) {
  printf(
      "{\"connections\":%u,\"requests\":%llu,\"requests_per_s\":%.0f,\"p50\":%.1f,\"p99\":%.1f,"
      "\"p999\":%.1f,\"max\":%.1f,\"errors\":%llu",
      run->connections, (unsigned long long)run->requests, (double)run->requests / seconds,
      latency_us(&run->latency, 0.5), latency_us(&run->latency, 0.99),
      latency_us(&run->latency, 0.999), (double)run->latency.max_ns / 1e3,
      (unsigned long long)run->errors);
  if (run->pid != 0 && run->requests > 0) {
    double cpu_ns = (double)(server_cpu_ns(run->pid) - run->cpu_began_ns);
    printf(",\"cpu_us\":%.3f", cpu_ns / 1e3 / (double)run->requests);
  }
  puts("}");
}

/* One round trip on each connection: then the server has accepted them all. */
static void settle(struct run *run) {
  static char buffer[BYTES_MAX];
  for (uint32_t i = 0; i < run->connections; i++) send_now(run, &run->all[i]);
  for (uint32_t i = 0; i < run->connections; i++) {
    struct connection *connection = &run->all[i];
    while (connection->fd >= 0 && connection->missing > 0) {
      ssize_t size = recv(connection->fd, buffer, connection->missing, 0);
      if (size <= 0) {
        give_up(run, connection);
      } else {
        connection->missing -= (uint32_t)size;
      }
    }
  }
}

static void watch(const struct run *run, int fd, struct connection *connection) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = connection};
  if (fd >= 0 && epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void prepare(struct run *run) {
  raise_descriptor_limit();
  run->epoll = epoll_create1(0);
  run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  run->all = calloc(run->connections, sizeof(*run->all));
  if (run->all == NULL || run->epoll < 0 || run->timer < 0) die("start");
  for (uint32_t i = 0; i < run->connections; i++) run->all[i].fd = connect_one(run, i);
  settle(run);
  for (uint32_t i = 0; i < run->connections; i++) watch(run, run->all[i].fd, &run->all[i]);
  watch(run, run->timer, NULL);
}

/* At fixed times the connections take turns; else all begin at once. */
static void begin(struct run *run, uint64_t now) {
  for (uint32_t i = 0; i < run->connections; i++) {
    run->all[i].due_ns = now + run->every_ns * i / run->connections;
    if (run->every_ns == 0 && run->all[i].fd >= 0) send_now(run, &run->all[i]);
  }
  send_due(run);
}

int main(int argc, char **argv) {
  static struct run run;
  if (argc < 4) {
    fputs(
        "usage: echo_load PORT CONNECTIONS SECONDS [--bytes N] [--requests N] [--every-us N]"
        " [--pid N]\n",
        stderr);
    return 64;
  }
  run.port = (uint16_t)strtoul(argv[1], NULL, 10);
  run.connections = (uint32_t)strtoul(argv[2], NULL, 10);
  run.bytes = (uint32_t)option(argc, argv, "--bytes", 64);
  run.requests_max = option(argc, argv, "--requests", 0);
  run.every_ns = option(argc, argv, "--every-us", 0) * 1000;
  run.pid = option(argc, argv, "--pid", 0);
  if (run.connections == 0 || run.bytes == 0 || run.bytes > BYTES_MAX) {
    fputs("echo_load: at least one connection, and 1 to 65536 bytes\n", stderr);
    return 64;
  }
  prepare(&run);
  run.cpu_began_ns = server_cpu_ns(run.pid);
  uint64_t began = now_ns();
  run.ends_ns = began + (uint64_t)(strtod(argv[3], NULL) * 1e9);
  begin(&run, began);
  exchange(&run);
  print(&run, (double)(now_ns() - began) / 1e9);
  return 0;
}
