/* SPDX-License-Identifier: MIT */
/* libnettune: the socket options of a preset, set on a socket, read back, and explained.
 *
 * A preset is a set of options by name, such as "nodelay=1,notsent-lowat=16KiB,user-timeout=30s".
 * It comes from one line of text, or from `sockets:` in a nettune profile. nettune_apply() sets on
 * a socket what the preset holds for the socket's role, reads each option back, and says in one row
 * for each option what came of it.
 *
 * Conventions, for all functions:
 * - Success is 0 or more; failure is -errno. errno itself is left as it was.
 * - A descriptor stays the caller's; no function closes or keeps one.
 * - A preset never changes. Any number of threads may use one at once, for different sockets; calls
 *   for the same socket are the caller's to order. nettune_apply(), _plan(), _undo(), _accept() and
 *   _quickack_rearm() take no lock and no memory; the last one may be called in a signal handler.
 * - A pointer is never NULL where nothing else is said. Text is UTF-8 and ends with '\0'; text that
 *   is returned lives as long as the library.
 * - Later versions add functions, enumerators and meanings of reserved members; they change none.
 *   A caller treats an outcome or a reason that it does not know as one that has no name for it.
 * - No entry point reads YAML itself: nettune_preset_named() and nettune_preset_load() load
 *   nettune/libnettune-profiles.so for that, which holds the reader of profiles and its libraries.
 *   A program that gives its presets as lines is linked with libc alone, and never loads it.
 *
 * Sources: tcp(7), socket(7), ip(7), and the kernel's net/core/sock.c, net/ipv4/tcp.c. */
#ifndef NETTUNE_NETTUNE_H
#define NETTUNE_NETTUNE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
#define NETTUNE_NOEXCEPT noexcept
extern "C" {
#else
#define NETTUNE_NOEXCEPT
#endif
#define NETTUNE_API __attribute__((visibility("default")))

/* --- words --- */

/* The options, in the order in which they are set. Numbers are in the unit given here. */
typedef enum nettune_option {
  NETTUNE_REUSE_PORT = 1,           /* 0 or 1; before bind: SO_REUSEPORT */
  NETTUNE_BIND_ADDRESS_NO_PORT = 2, /* 0 or 1; before bind: IP_BIND_ADDRESS_NO_PORT */
  NETTUNE_RECEIVE_BUFFER = 3,       /* bytes; the kernel takes twice as much: SO_RCVBUF */
  NETTUNE_SEND_BUFFER = 4,          /* bytes; the kernel takes twice as much: SO_SNDBUF */
  NETTUNE_RECEIVE_LOWAT = 5,        /* bytes: SO_RCVLOWAT */
  NETTUNE_WINDOW_CLAMP = 6,         /* bytes: TCP_WINDOW_CLAMP */
  NETTUNE_MAX_SEGMENT = 7,          /* bytes; before connect or listen: TCP_MAXSEG */
  NETTUNE_CONGESTION_CONTROL = 8,   /* text: TCP_CONGESTION */
  NETTUNE_NODELAY = 9,              /* 0 or 1: TCP_NODELAY */
  NETTUNE_NOTSENT_LOWAT = 10,  /* bytes; 0 follows net.ipv4.tcp_notsent_lowat: TCP_NOTSENT_LOWAT */
  NETTUNE_USER_TIMEOUT = 11,   /* milliseconds; 0 leaves it to the kernel: TCP_USER_TIMEOUT */
  NETTUNE_KEEPALIVE_IDLE = 12, /* seconds: TCP_KEEPIDLE */
  NETTUNE_KEEPALIVE_INTERVAL = 13,   /* seconds: TCP_KEEPINTVL */
  NETTUNE_KEEPALIVE_PROBES = 14,     /* a count: TCP_KEEPCNT */
  NETTUNE_KEEPALIVE = 15,            /* 0 or 1: SO_KEEPALIVE */
  NETTUNE_DEFER_ACCEPT = 16,         /* seconds, rounded up by the kernel: TCP_DEFER_ACCEPT */
  NETTUNE_FAST_OPEN_QUEUE = 17,      /* connections: TCP_FASTOPEN */
  NETTUNE_FAST_OPEN_CONNECT = 18,    /* 0 or 1; before connect: TCP_FASTOPEN_CONNECT */
  NETTUNE_SYN_COUNT = 19,            /* a count; before connect: TCP_SYNCNT */
  NETTUNE_LINGER2 = 20,              /* seconds; 0 follows net.ipv4.tcp_fin_timeout: TCP_LINGER2 */
  NETTUNE_SAVE_SYN = 21,             /* 0, 1, 2: TCP_SAVE_SYN */
  NETTUNE_THIN_LINEAR_TIMEOUTS = 22, /* 0 or 1: TCP_THIN_LINEAR_TIMEOUTS */
  NETTUNE_ZERO_COPY = 23,            /* 0 or 1: SO_ZEROCOPY */
  NETTUNE_MAX_PACING_RATE = 24,      /* bytes per second, -1 for no limit: SO_MAX_PACING_RATE */
  NETTUNE_BUSY_POLL = 25,            /* microseconds: SO_BUSY_POLL */
  NETTUNE_PREFER_BUSY_POLL = 26,     /* 0 or 1: SO_PREFER_BUSY_POLL */
  NETTUNE_TOS = 27,      /* 0 to 255, both families; sets the priority too: IP_TOS, IPV6_TCLASS */
  NETTUNE_PRIORITY = 28, /* SO_PRIORITY */
  NETTUNE_MARK = 29,     /* SO_MARK */
  NETTUNE_INCOMING_CPU = 30, /* a CPU's number: SO_INCOMING_CPU */
  NETTUNE_QUICKACK = 31      /* 0 or 1: 1 is "every-read", see nettune_quickack_rearm() */
} nettune_option;

/* What a socket is for. */
typedef enum nettune_role {
  NETTUNE_AUTO = 0,     /* as the socket itself tells: listening or bound: LISTENER; connected:
                           ACCEPTED; else CLIENT. Only the caller knows a bound socket that is to
                           connect, and a connected one that is a client's. */
  NETTUNE_LISTENER = 1, /* is to listen, or listens: also sets what accepted sockets inherit */
  NETTUNE_CLIENT = 2,   /* is to connect, or has connected */
  NETTUNE_ACCEPTED = 3, /* came from accept() */
  NETTUNE_DATAGRAM = 4  /* UDP */
} nettune_role;

/* What came of one option. The first four are in force. */
typedef enum nettune_outcome {
  NETTUNE_APPLIED = 1,   /* set, and read back as asked */
  NETTUNE_ALREADY = 2,   /* was so before */
  NETTUNE_INHERITED = 3, /* the listener passed it on: no system call was made */
  NETTUNE_ADJUSTED = 4,  /* set, but the kernel made another value of it: see effective, reason */
  NETTUNE_DEFERRED = 5,  /* belongs to a later stage of this socket, or to those it accepts */
  NETTUNE_NOT_APPLICABLE = 6, /* means nothing for this type or role of socket */
  NETTUNE_UNSUPPORTED = 7,    /* this kernel, or this protocol, does not have it */
  NETTUNE_DENIED = 8,         /* a right is lacking: see reason */
  NETTUNE_INVALID = 9,        /* the kernel takes no such value */
  NETTUNE_FAILED = 10,        /* anything else: see error, reason */
  NETTUNE_DIFFERS = 11,       /* NETTUNE_AUDIT: the socket has another value */
  NETTUNE_PLANNED = 12        /* nettune_plan(): would be set */
} nettune_outcome;

/* Why it came so. nettune_reason_text() has a sentence for each. */
typedef enum nettune_reason {
  NETTUNE_NO_REASON = 0,
  NETTUNE_CLAMPED_BY_RMEM_MAX = 1,  /* detail: net.core.rmem_max */
  NETTUNE_CLAMPED_BY_WMEM_MAX = 2,  /* detail: net.core.wmem_max */
  NETTUNE_CLAMPED_BY_SOMAXCONN = 3, /* detail: net.core.somaxconn */
  NETTUNE_CLAMPED_BY_BUFFER = 4,    /* receive-lowat: at most half of the receive buffer */
  NETTUNE_RAISED_TO_MINIMUM = 5,    /* the kernel keeps no less */
  NETTUNE_ROUNDED = 6,              /* to what the kernel can express */
  NETTUNE_ECN_BITS = 7,             /* the two low bits of tos are the kernel's */
  NETTUNE_AUTOTUNING_OFF = 8,       /* a fixed buffer; detail: bytes in flight that it caps at */
  NETTUNE_AFTER_BIND = 9,           /* has to precede bind */
  NETTUNE_AFTER_CONNECT = 10,       /* has to precede connect */
  NETTUNE_AFTER_LISTEN = 11,        /* has to precede listen */
  NETTUNE_BEFORE_CONNECT = 12,      /* can be set once the socket is connected */
  NETTUNE_PER_CONNECTION = 13,      /* accepted sockets do not inherit it: nettune_accept() */
  NETTUNE_REARM = 14,               /* lasts until the next reply: nettune_quickack_rearm() */
  NETTUNE_WRONG_ROLE = 15,          /* belongs to another role */
  NETTUNE_WRONG_TYPE = 16,          /* belongs to another type of socket */
  NETTUNE_KERNEL_LACKS_IT = 17,
  NETTUNE_PROTOCOL_LACKS_IT = 18,     /* MPTCP */
  NETTUNE_UNKNOWN_ALGORITHM = 19,     /* not built in and no such module */
  NETTUNE_ALGORITHM_NOT_ALLOWED = 20, /* not in net.ipv4.tcp_allowed_congestion_control */
  NETTUNE_NEEDS_CAP_NET_ADMIN = 21,
  NETTUNE_FAST_OPEN_OFF = 22,         /* net.ipv4.tcp_fastopen */
  NETTUNE_REFUSED_BY_SANDBOX = 23,    /* EPERM where the kernel itself asks for no right */
  NETTUNE_LATE_FOR_WINDOW_SCALE = 24, /* in force, but the window's scale was fixed at connect */
  NETTUNE_UNDONE = 25                 /* NETTUNE_ATOMIC: another option failed; this was put back */
} nettune_reason;

/* Flags of nettune_apply(), joined by |. */
enum {
  NETTUNE_ATOMIC = 1,        /* at the first DENIED, INVALID, FAILED or UNSUPPORTED: put all back */
  NETTUNE_AUDIT = 2,         /* set nothing; compare */
  NETTUNE_NO_VERIFY = 4,     /* do not read back: effective is what was asked */
  NETTUNE_FORCE = 8,         /* set also what is so already */
  NETTUNE_FORCE_BUFFERS = 16 /* buffers beyond net.core.rmem_max, wmem_max: CAP_NET_ADMIN */
};

/* A number in the option's unit; congestion-control has text. */
typedef union nettune_value {
  int64_t number;
  char text[16];
} nettune_value;

/* One option's row. 112 bytes, in every version. */
typedef struct nettune_result {
  int32_t option;          /* nettune_option */
  int32_t outcome;         /* nettune_outcome */
  int32_t reason;          /* nettune_reason */
  int32_t error;           /* errno of the call that failed, or 0 */
  nettune_value requested; /* as in the preset */
  nettune_value before;    /* as the kernel gave it; 0 where it was not read */
  nettune_value effective; /* as the kernel gives it now; a buffer reads twice what was asked */
  int64_t detail;          /* the number that the reason speaks of, or 0 */
  int64_t restore;         /* for nettune_undo() alone */
  int64_t reserved[4];     /* 0 */
} nettune_result;

/* More than any preset has: an array of so many rows is never too short. */
#define NETTUNE_MOST_RESULTS 64

/* --- presets --- */

/* Made by the next three; counted. */
typedef struct nettune_preset nettune_preset;

/* Reads `line`: NAME=VALUE, separated by commas; names as in a profile, those of a group joined:
 *
 *   nodelay=1,notsent-lowat=16KiB,quickack=every-read,keepalive-idle=60s,congestion-control=bbr
 *
 * Bytes: B KiB MiB GiB kB MB GB, or a plain number. Times: us ms s min, always with the unit.
 * Rates: bit/s kbit/s Mbit/s Gbit/s. Switches: 1 0 true false. tos and mark take 0x... too. Words:
 * quickack=off|every-read, keepalive=off, notsent-lowat=kernel, max-pacing-rate=unlimited. The
 * three that no socket has, and asyncio does: write-buffer-high, write-buffer-low, read-limit.
 *
 * *preset is set on success alone. On failure `message`, `size` bytes, has one line that names the
 * place and what would be right; it may be NULL where size is 0.
 * -EINVAL: the text; -ENOMEM. */
NETTUNE_API int nettune_preset_line(const char *line, nettune_preset **preset, char *message,
                                    size_t size) NETTUNE_NOEXCEPT;

/* The preset `name` of the profile `profile`: a profile's name, looked for as nettuned does, in
 * NETTUNE_PROFILE_PATH (separated by colons) or else below /etc, /run and /usr/share. NULL is the
 * active profile; while none is active, it is server-base, which has the presets that ship.
 * `name` NULL is "default".
 * -ENOENT: no such profile or preset; -EINVAL: faults in the profile, all of them in `message`;
 * -ENOMEM; -ELIBACC: the reader of profiles is not installed. */
NETTUNE_API int nettune_preset_named(const char *name, const char *profile, nettune_preset **preset,
                                     char *message, size_t size) NETTUNE_NOEXCEPT;

/* The preset `name` of the profile in the file `path`; else as nettune_preset_named(). */
NETTUNE_API int nettune_preset_load(const char *path, const char *name, nettune_preset **preset,
                                    char *message, size_t size) NETTUNE_NOEXCEPT;

/* One owner more; gives `preset`. */
NETTUNE_API nettune_preset *nettune_preset_ref(nettune_preset *preset) NETTUNE_NOEXCEPT;
/* One owner less; the last one frees it. NULL is allowed. */
NETTUNE_API void nettune_preset_unref(nettune_preset *preset) NETTUNE_NOEXCEPT;

/* The preset as a line that nettune_preset_line() reads, into `line`, at most `size` bytes with the
 * '\0'. Gives the length of the whole line, as snprintf(3) does. */
NETTUNE_API int nettune_preset_text(const nettune_preset *preset, char *line,
                                    size_t size) NETTUNE_NOEXCEPT;

/* --- sockets --- */

/* Sets on `fd` what `preset` holds for `role`, and reads each option back. `flags`: see above.
 * results[0] to results[capacity-1] are filled as far as there are rows, in the order of
 * nettune_option; *count is the number of rows there are. results may be NULL where capacity is 0,
 * count may be NULL.
 *
 * Gives 0 where all that this socket can have now is in force as asked; more than 0: so many rows
 * are ADJUSTED, UNSUPPORTED, DENIED, INVALID, FAILED or DIFFERS; -EBADF, -ENOTSOCK: no socket;
 * -EINVAL: no such role or flag, or a role that this socket cannot have. What is neither TCP nor
 * UDP over IP has rows that are all NOT_APPLICABLE. */
NETTUNE_API int nettune_apply(const nettune_preset *preset, int fd, nettune_role role,
                              unsigned flags, nettune_result *results, size_t capacity,
                              size_t *count) NETTUNE_NOEXCEPT;

/* The rows that nettune_apply() would give for a fresh socket in `role`, which is not NETTUNE_AUTO:
 * PLANNED, INHERITED, DEFERRED, NOT_APPLICABLE, or ALREADY for what the kernel does by itself.
 * Gives how many are PLANNED; -EINVAL: no such role. */
NETTUNE_API int nettune_plan(const nettune_preset *preset, nettune_role role,
                             nettune_result *results, size_t capacity,
                             size_t *count) NETTUNE_NOEXCEPT;

/* Puts back what `results`, `count` rows of nettune_apply() for this `fd`, say was there before,
 * the last first. A fixed buffer gets its autotuning back since Linux 5.15, and stays fixed before.
 * Gives how many options could not be put back; -EBADF, -ENOTSOCK. */
NETTUNE_API int nettune_undo(int fd, const nettune_result *results, size_t count) NETTUNE_NOEXCEPT;

/* accept4(listener, address, length, flags), and then what accepted sockets do not inherit from a
 * listener that nettune_apply() has tuned with the same preset: priority and quickack, and nothing
 * where the preset has neither. The first socket that a preset accepts is looked at once, and where
 * it did not inherit (a sandbox, a listener that nobody tuned) each one is set in full. Rows as of
 * nettune_apply(); those that the listener passed on are INHERITED.
 * Gives the new descriptor, the caller's, or -errno of accept4(2). */
NETTUNE_API int nettune_accept(const nettune_preset *preset, int listener, struct sockaddr *address,
                               socklen_t *length, int flags, nettune_result *results,
                               size_t capacity, size_t *count) NETTUNE_NOEXCEPT;

/* To be called after each read from `fd`: sets TCP_QUICKACK again, which the kernel forgets with
 * each prompt reply, where the preset says quickack=every-read; else it is one branch, in the
 * caller itself where that is compiled with optimization. Async-signal-safe. Gives 0 or -errno of
 * setsockopt(2). */
NETTUNE_API int nettune_quickack_rearm(const nettune_preset *preset, int fd) NETTUNE_NOEXCEPT;
#ifndef NETTUNE_NO_INLINE
/* A call costs more than all the rest. This much of a preset is no secret, in every version: its
 * first byte is 0 where there is nothing to set. */
NETTUNE_API int nettune_quickack_rearm_outlined(const nettune_preset *preset,
                                                int fd) NETTUNE_NOEXCEPT
    __asm__("nettune_quickack_rearm");
extern __inline __attribute__((gnu_inline)) int nettune_quickack_rearm(const nettune_preset *preset,
                                                                       int fd) NETTUNE_NOEXCEPT {
  return *(const unsigned char *)preset == 0 ? 0 : nettune_quickack_rearm_outlined(preset, fd);
}
#endif

/* What the preset says of the buffers in the program itself, in bytes; -1 where it says nothing. */
typedef struct nettune_hints {
  size_t struct_size; /* set by the caller: sizeof(nettune_hints) */
  int64_t write_high; /* writing pauses above: asyncio's set_write_buffer_limits(high) */
  int64_t write_low;  /* and goes on below: ...(low); a quarter of high where only that is given */
  int64_t read_limit; /* of a StreamReader */
} nettune_hints;

/* Fills `hints` as far as its struct_size goes. 0; -EINVAL: struct_size is less than 32. */
NETTUNE_API int nettune_buffer_hints(const nettune_preset *preset,
                                     nettune_hints *hints) NETTUNE_NOEXCEPT;

/* --- names --- */

/* "notsent-lowat", "applied", "clamped-by-rmem-max": lower case, stable. NULL: no such number. */
NETTUNE_API const char *nettune_option_name(int option) NETTUNE_NOEXCEPT;
NETTUNE_API const char *nettune_outcome_name(int outcome) NETTUNE_NOEXCEPT;
NETTUNE_API const char *nettune_reason_name(int reason) NETTUNE_NOEXCEPT;
NETTUNE_API const char *nettune_role_name(int role) NETTUNE_NOEXCEPT;
/* What the kernel calls the option: "TCP_NOTSENT_LOWAT". NULL: no such number. */
NETTUNE_API const char *nettune_option_constant(int option) NETTUNE_NOEXCEPT;
/* A sentence for people, without a full stop. "" for NETTUNE_NO_REASON; NULL: no such number. */
NETTUNE_API const char *nettune_reason_text(int reason) NETTUNE_NOEXCEPT;
/* One row as one line for a log, as snprintf(3) does:
 * "receive-buffer: asked for 4MiB, is 208KiB: adjusted, net.core.rmem_max allows no more: it is
 * 212992". */
NETTUNE_API int nettune_result_text(const nettune_result *result, char *text,
                                    size_t size) NETTUNE_NOEXCEPT;

/* "0.1.0" */
NETTUNE_API const char *nettune_version(void) NETTUNE_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
