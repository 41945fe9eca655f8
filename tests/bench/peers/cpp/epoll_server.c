/* The floor for servers: HTTP hello and echo on bare epoll, edge-triggered, no runtime at all.
 *
 *   epoll_server http|echo PORT [THREADS]
 *
 * Every thread has an epoll and a listener (SO_REUSEPORT) of its own. Serves on 127.0.0.1 until it
 * is killed. A message that does not fit into a socket's buffer ends its connection: the load
 * generators send small ones and wait for each answer. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 1024
#define BUFFER_BYTES 4096

static const char reply[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!";

static uint16_t port;
static int is_http;

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

static int listen_here(void) {
  const int one = 1;
  const struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
  must(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, "epoll_server: bind");
  must(listen(fd, 4096) == 0, "epoll_server: listen");
  return fd;
}

static void accept_one(int epoll, int listener) {
  const int one = 1;
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void serve(int fd) {
  char buffer[BUFFER_BYTES];
  ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    close(fd);
    return;
  }
  /* A short read means that the socket is drained: no second call until the next edge. */
  const char *text = buffer;
  size_t length = (size_t)size;
  if (is_http) {
    if (memmem(buffer, (size_t)size, "\r\n\r\n", 4) == NULL) return;
    text = reply;
    length = sizeof(reply) - 1;
  }
  if (send(fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) close(fd);
}

static void *run(void *unused) {
  int epoll = epoll_create1(0), listener = listen_here();
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  struct epoll_event events[EVENTS_MAX];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.fd == listener) {
        accept_one(epoll, listener);
      } else {
        serve(events[i].data.fd);
      }
    }
  }
  return unused;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("usage: epoll_server http|echo PORT [THREADS]\n", stderr);
    return 64;
  }
  is_http = strcmp(argv[1], "http") == 0;
  port = (uint16_t)strtoul(argv[2], NULL, 10);
  for (long i = argc > 3 ? strtol(argv[3], NULL, 10) : 1; i > 1; i--) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, run, NULL) == 0, "epoll_server: pthread_create");
  }
  run(NULL);
}
