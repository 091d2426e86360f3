/* SPDX-License-Identifier: MIT */
/* A program with a seccomp filter, which kills for each call that the program does not make itself.
 *
 *   filtered HOW [PROGRAM ARGUMENT...]
 *
 * prctl, seccomp, syscall-prctl   the filter is set by prctl(2), or by syscall(2)
 * threads                         by syscall(2), on all threads while the others read
 * inline                          by no function of libc
 * strict, none                    there is the mode without a filter, or neither
 * deny, inline-deny, harmless     the filter kills for the options of sockets alone, or for acct(2)
 *                                 alone, and PROGRAM is started with it
 * trial                           it only asks whether there are filters
 * sockets                         it sets none, and shows TCP_NODELAY of a client */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int check(int result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

static struct sockaddr_in address = {.sin_family = AF_INET};

static int listener_of(void) {
  const int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(listen(fd, 8), "listen");
  socklen_t size = sizeof address;
  check(getsockname(fd, (struct sockaddr *)&address, &size), "getsockname");
  return fd;
}

static int client_of(void) {
  const int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
  check(connect(fd, (const struct sockaddr *)&address, sizeof address), "connect");
  return fd;
}

static long inline_seccomp(const struct sock_fprog *program) {
#ifdef __x86_64__
  long answer = SYS_seccomp;
  __asm__ volatile("syscall"
                   : "+a"(answer)
                   : "D"((long)SECCOMP_SET_MODE_FILTER), "S"(0L), "d"(program)
                   : "rcx", "r11", "memory");
  return answer;
#else
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
#endif
}

/* Allows `allowed`, or all but `denied`. */
static void set_filter(const char *how, const int *calls, size_t count, int are_allowed) {
  struct sock_filter filter[64];
  size_t length = 0;
  const unsigned listed = are_allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
  const unsigned other = are_allowed ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW;
  filter[length++] =
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < count; i++) {
    filter[length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, other);
  const struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  if (strncmp(how, "inline", 6) == 0) {
    check((int)inline_seccomp(&program), "seccomp");
  } else if (strcmp(how, "seccomp") == 0) {
    check((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
  } else if (strcmp(how, "threads") == 0) {
    check((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program),
          "seccomp");
  } else if (strcmp(how, "syscall-prctl") == 0) {
    check((int)syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "prctl");
  } else {
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0), "prctl");
  }
}

static void say(const char *text) { check((int)write(1, text, strlen(text)), "write"); }

/* Every call that the library stands in front of, on sockets that it knows, and on new ones. */
static void work(int client, int accepted) {
  char buffer[64];
  struct iovec part = {buffer, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  check((int)send(client, "0123456789", 10, 0), "send");
  check((int)read(accepted, buffer, 1), "read");
  check((int)recv(accepted, buffer, 1, 0), "recv");
  check((int)recvfrom(accepted, buffer, 1, 0, NULL, NULL), "recvfrom");
  check((int)readv(accepted, &part, 1), "readv");
  check((int)recvmsg(accepted, &message, 0), "recvmsg");
  const int copy = check(dup(accepted), "dup");
  check(dup2(accepted, copy), "dup2");
  check(dup3(accepted, copy, 0), "dup3");
  check((int)recv(copy, buffer, 1, 0), "recv");
  close(copy);
  const int listener = listener_of();
  const int other = client_of();
  const int fresh = check(accept(listener, NULL, NULL), "accept");
  check((int)send(other, "x", 1, 0), "send");
  check((int)recv(fresh, buffer, 1, 0), "recv");
  const int third = client_of();
  close(check(accept4(listener, NULL, NULL, SOCK_NONBLOCK), "accept4"));
  close(third);
  check(close_range((unsigned)fresh, (unsigned)fresh, 0), "close_range");
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0);
}

static atomic_int readers;

static void *read_on(void *fd) {
  char byte;
  atomic_fetch_add(&readers, 1);
  while (recv((int)(intptr_t)fd, &byte, 1, 0) == 1) {
  }
  return NULL;
}

/* Threads that read what is there for a while, a byte at a time. */
static void start_readers(int listener) {
  static char data[100000];
  enum { count = 4 };
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    const int client = client_of();
    const int accepted = check(accept(listener, NULL, NULL), "accept");
    check((int)send(client, data, sizeof data, 0), "send");
    if (pthread_create(&thread, NULL, read_on, (void *)(intptr_t)accepted) != 0) exit(1);
  }
  while (atomic_load(&readers) < count) sched_yield();
}

static int nodelay_of(int fd) {
  int value = -1;
  socklen_t size = sizeof value;
  check(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), "getsockopt");
  return value;
}

int main(int argc, char **argv) {
  static const int made[] = {
      SYS_read,        SYS_write,   SYS_readv,  SYS_sendto,      SYS_recvfrom, SYS_recvmsg,
      SYS_dup,         SYS_dup3,    SYS_close,  SYS_close_range, SYS_socket,   SYS_listen,
      SYS_getsockname, SYS_connect, SYS_accept, SYS_accept4,     SYS_prctl,
#ifdef SYS_dup2
      SYS_dup2,
#endif
      SYS_exit_group};
  static const int options[] = {SYS_getsockopt, SYS_setsockopt};
  static const int unrelated[] = {SYS_acct};
  const char *how = argc > 1 ? argv[1] : "";
  if (strcmp(how, "deny") == 0 || strcmp(how, "inline-deny") == 0 || strcmp(how, "harmless") == 0) {
    if (strcmp(how, "harmless") == 0) {
      set_filter(how, unrelated, 1, 0);
    } else {
      set_filter(how, options, 2, 0);
    }
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    return 127;
  }
  const int listener = listener_of();
  const int client = client_of();
  const int accepted = check(accept(listener, NULL, NULL), "accept");
  if (strcmp(how, "none") == 0) {
    work(client, accepted);
  } else if (strcmp(how, "trial") == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != -1 || errno != EFAULT) return 1;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) != -1 || errno != EFAULT) return 1;
    printf("nodelay of a client after it: %d\n", nodelay_of(client_of()));
    return 0;
  } else if (strcmp(how, "strict") == 0) {
    char byte = 0;
    check((int)send(client, "0123456789", 10, 0), "send");
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0), "prctl");
    check((int)read(accepted, &byte, 1), "read");
    say("done\n");
    syscall(SYS_exit, 0); /* exit_group would kill */
  } else if (strcmp(how, "sockets") == 0) {
    printf("nodelay of a client: %d\n", nodelay_of(client));
    return 0;
  } else {
    if (strcmp(how, "threads") == 0) start_readers(listener);
    set_filter(how, made, sizeof made / sizeof *made, 1);
    work(client, accepted);
  }
  say("done\n");
  _exit(0);
}
