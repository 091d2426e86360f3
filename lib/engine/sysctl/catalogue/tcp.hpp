// SPDX-License-Identifier: MIT
// The facts of the parameters of TCP and UDP, which lie in net.ipv4 for both IPv4 and IPv6,
// sorted by pattern: for table.cpp alone.
#pragma once

#include "engine/sysctl/catalogue/entry.hpp"

namespace nettune::sysctl::data {

inline constexpr EarlierRange ipv4_tcp_app_win_ranges[] = {{{6, 2}, int_min, int_max}};
inline constexpr EarlierRange ipv4_tcp_ecn_ranges[] = {{{5, 19}, 0, 255}, {{7, 2}, 0, 2}};
inline constexpr Harm ipv4_tcp_max_tw_buckets_harms[] = {
    {Comparison::equal, 0, 0,
     "no connection waits in TIME-WAIT: late segments may end in a later connection with the same "
     "ports"}};
inline constexpr Harm ipv4_tcp_mem_harms[] = {
    {Comparison::equal, 0, 2,
     "no TCP socket of the host can get memory: all TCP connections stall"},
    {Comparison::less, 192, 2,
     "less than the kernel gives TCP on its smallest machines: the host's connections stall"}};
inline constexpr EarlierRange ipv4_tcp_min_tso_segs_ranges[] = {{{4, 3}, 0, 65535},
                                                                {{5, 14}, 1, 65535}};
inline constexpr Harm ipv4_tcp_notsent_lowat_harms[] = {
    {Comparison::equal, 0, 0, "every TCP write of the namespace blocks for ever"}};
inline constexpr EarlierRange ipv4_tcp_notsent_lowat_ranges[] = {{{4, 12}, int_min, int_max}};
inline constexpr Harm ipv4_tcp_rmem_harms[] = {
    {Comparison::equal, 1, 2,
     "the receive window is zero: connections are made, but no data flows"},
    {Comparison::less_or_equal, 4096, 2,
     "a few segments fill the buffer: throughput falls to a small part of what the path carries"}};
inline constexpr EarlierRange ipv4_tcp_rmem_ranges[] = {{{7, 2}, 1, int_max}};
// Seen first in 6.12.117, a stable branch.
inline constexpr EarlierRange ipv4_tcp_tso_rtt_log_ranges[] = {{{7, 2}, 0, 255}};
inline constexpr Harm ipv4_tcp_wmem_harms[] = {
    {Comparison::less_or_equal, 4096, 2,
     "about a thousandth of the throughput: one small segment is under way at a time"}};
inline constexpr Harm ipv4_udp_mem_harms[] = {
    {Comparison::equal, 0, 0,
     "each UDP socket of the host keeps little more than udp_rmem_min, whatever its buffer"}};

inline constexpr std::string_view known_congestion_controls[] = {
    "bbr", "bic", "cdg",  "cubic",    "dctcp", "highspeed", "htcp",     "hybla", "illinois",
    "lp",  "nv",  "reno", "scalable", "vegas", "veno",      "westwood", "yeah"};
inline constexpr Choices congestion_controls{
    .what = "congestion control",
    .known = known_congestion_controls,
    .unusable = {},
    .usual = "",
    .listed_by = "net/ipv4/tcp_available_congestion_control",
    .module = "tcp_"};
// In the initial namespace programs may choose the algorithm from then on (tcp_cong.c).
inline constexpr std::string_view congestion_control_changes[] = {
    "net/ipv4/tcp_allowed_congestion_control"};

inline constexpr Parameter tcp_parameters[] = {
    {.pattern = "net/ipv4/tcp_abc",
     .shape = {Encoding::int32, Unit::mode, int_min, int_max},
     .removed = {3, 10},
     .instead = "Drop the line.",
     .meaning = "Appropriate byte counting (RFC 3465).",
     .source = "tcp(7)"},
    {.pattern = "net/ipv4/tcp_abort_on_overflow",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "0",
     .earlier_ranges = int_before_uint8,
     .meaning =
         "Whether a connection that does not fit into the accept queue is reset, rather than left "
         "to try again. It tells clients sooner and turns short bursts into errors.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_adv_win_scale",
     .shape = {Encoding::int32, Unit::log2, -31, 31},
     .effect = Effect::never,
     .dead_since = {6, 6},
     .per_namespace_since = {4, 15},
     .instead = "Nothing takes its place: the kernel measures the overhead of each socket.",
     .defaults = {1},
     .meaning = "Once said which share of a receive buffer is overhead and which is offered as "
                "window. Since Linux 6.6 the kernel measures that for each socket, and the key, "
                "though still writable, does nothing.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_allowed_congestion_control",
     .shape = {Encoding::words},
     .scope = Scope::host_read_only,
     .default_text = "reno and the default one",
     .meaning = "The congestion controls that a process without CAP_NET_ADMIN may choose with "
                "TCP_CONGESTION. The names are separated by single blanks: a double blank cuts the "
                "list, and an empty list leaves such processes nothing to choose.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_app_win",
     .shape = {Encoding::uint8, Unit::log2, 0, 31},
     .effect = Effect::new_connections,
     .earlier_ranges = ipv4_tcp_app_win_ranges,
     .defaults = {31},
     .meaning = "Keeps back 1/2^n of the window for the application while a connection is young; 0 "
                "keeps nothing back, and 31, the default, next to nothing.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_autocorking",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {3, 16},
     .per_namespace_since = {4, 15},
     .defaults = {1},
     .meaning = "Holds a small segment back while an earlier one of the same connection still "
                "waits in the queue or the card, so that small writes travel together. It saves "
                "packets and may add a little latency.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_available_congestion_control",
     .shape = {Encoding::words},
     .scope = Scope::host_read_only,
     .default_text = "as the kernel was built",
     .meaning = "The congestion controls that the kernel has loaded. Read only; more appear as "
                "their modules are loaded.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_available_ulp",
     .shape = {Encoding::words},
     .scope = Scope::host,
     .meaning = "The protocols that can be put on top of a TCP socket, such as tls, as far as "
                "loaded. Read only.",
     .source = "observed on Linux 6.18"},
    {.pattern = "net/ipv4/tcp_backlog_ack_defer",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {6, 7},
     .default_text = "1",
     .meaning = "Whether acknowledgements wait until the segments that piled up while the program "
                "held the socket are worked off: one for many.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_base_mss",
     .shape = {Encoding::int32, Unit::bytes, int_min, int_max},
     .default_text = "1024",
     .meaning = "The segment size from which tcp_mtu_probing starts.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_challenge_ack_limit",
     .shape = {Encoding::int32, Unit::packets, int_min, int_max},
     .default_text = "2147483647",
     .meaning = "How many challenge acknowledgements (RFC 5961) are sent in a second, the largest "
                "number meaning no limit. A limit that attackers can count helps them.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_child_ehash_entries",
     .shape = {Encoding::uint32, Unit::entries, 0, 16777216},
     .effect = Effect::new_namespaces,
     .since = {6, 1},
     .default_text = "0",
     .side_effects = "A namespace with a table of its own also gets tcp_max_tw_buckets and "
                     "tcp_max_syn_backlog by its size.",
     .meaning =
         "The size of the connection table that the next network namespace created from here gets "
         "for itself, rounded up to a power of two; 0 shares the table of the host.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_comp_sack_delay_ns",
     .shape = {Encoding::ulong, Unit::nanoseconds, 0, ulong_max},
     .since = {4, 18},
     .defaults = {{1'000'000, {4, 18}}},
     .meaning = "How long selective acknowledgements may be gathered into one; never more than 5 % "
                "of the round trip.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_comp_sack_nr",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .since = {4, 18},
     .earlier_ranges = int_before_uint8,
     .defaults = {{44, {4, 18}}},
     .meaning =
         "How many selective acknowledgements may be gathered into one. 0 turns the gathering off.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_comp_sack_rtt_percent",
     .shape = {Encoding::int32, Unit::percent, int_min, int_max},
     .since = {6, 19},
     .meaning = "New in Linux 6.19: the share of the round trip that limits how long selective "
                "acknowledgements may be gathered, which was fixed at 5 % before.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_comp_sack_slack_ns",
     .shape = {Encoding::ulong, Unit::nanoseconds, 0, ulong_max},
     .since = {5, 8},
     .defaults = {{100'000, {5, 8}}},
     .meaning = "How much later than tcp_comp_sack_delay_ns the timer may fire, so that several "
                "timers share one wake-up.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_congestion_control",
     .shape = {Encoding::word},
     .effect = Effect::new_connections,
     .per_namespace_since = {4, 15},
     .default_text = "as the kernel was built, mostly cubic",
     .side_effects = "In the initial network namespace the name is also added to "
                     "net.ipv4.tcp_allowed_congestion_control, for good: to undo the change, "
                     "restore both keys.",
     .changes = congestion_control_changes,
     .choices = &congestion_controls,
     .meaning = "The congestion control of connections that choose none themselves, new and newly "
                "accepted ones alike. The name must be known to the kernel: "
                "net.ipv4.tcp_available_congestion_control lists those loaded, and others may come "
                "with a module of the name tcp_NAME. In another network namespace the name must "
                "also be in tcp_allowed_congestion_control. An unknown name is refused with \"No "
                "such file or directory\".",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_cookie_size",
     .shape = {Encoding::int32, Unit::bytes, int_min, int_max},
     .removed = {3, 10},
     .instead = "Drop the line; TCP Fast Open took its place (net.ipv4.tcp_fastopen).",
     .meaning = "The size of TCP cookie transactions, an experiment that ended.",
     .source = "source trees of Linux 3.2 and 3.10"},
    {.pattern = "net/ipv4/tcp_dma_copybreak",
     .shape = {Encoding::int32, Unit::bytes, int_min, int_max},
     .removed = {3, 19},
     .instead = "Drop the line.",
     .meaning = "The smallest read that a DMA engine copied.",
     .source = "tcp(7)"},
    {.pattern = "net/ipv4/tcp_dsack",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning = "Whether duplicate segments are reported with selective acknowledgements (RFC "
                "2883), which tells senders of needless repeats.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_early_demux",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .since = {4, 12},
     .default_text = "1",
     .meaning = "Whether a received packet is given to its socket before it is routed, which saves "
                "the routing. For TCP; needs ip_early_demux.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_early_retrans",
     .shape = {Encoding::uint8, Unit::mode, 0, 4},
     .per_namespace_since = {4, 15},
     .defaults = {3},
     .meaning = "Tail loss probes, which find the loss of the last segments of a burst without "
                "waiting for the timeout: 3 and 4 are on, 0 to 2 are off. They need tcp_recovery.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_ecn",
     .shape = {Encoding::uint8, Unit::mode, 0, 5},
     .effect = Effect::new_connections,
     .earlier_ranges = ipv4_tcp_ecn_ranges,
     .defaults = {2},
     .meaning = "Explicit congestion notification, marks instead of losses: 0 is off, 1 asks for "
                "it and accepts it, 2 accepts it when the peer asks. 3 to 5 concern accurate ECN "
                "and are refused by kernels up to 6.19, although their documentation lists them.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_ecn_fallback",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .default_text = "1",
     .meaning = "Whether a connection request with ECN that gets no answer is repeated without it.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_ecn_option",
     .shape = {Encoding::uint8, Unit::mode, 0, 2},
     .since = {6, 18},
     .default_text = "2",
     .meaning = "How often the option of accurate ECN is sent, from 0, never, to 2, as often as "
                "the protocol asks for.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_ecn_option_beacon",
     .shape = {Encoding::uint8, Unit::count, 0, 3},
     .since = {6, 18},
     .default_text = "3",
     .meaning = "How often in each round trip the option of accurate ECN is sent at least.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_ehash_entries",
     .shape = {Encoding::int32, Unit::entries, int_min, int_max},
     .since = {6, 1},
     .meaning = "The size of the table of established connections. Read only; negative where the "
                "namespace shares the table of the host.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_fack",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .effect = Effect::never,
     .dead_since = {4, 15},
     .instead = "Drop the line; net.ipv4.tcp_recovery replaced it.",
     .default_text = "0",
     .meaning = "Has no effect any more: losses are found by time, see tcp_recovery.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_fastopen",
     .shape = {Encoding::int32, Unit::bits, int_min, int_max},
     .per_namespace_since = {4, 15},
     .defaults = {1},
     .meaning =
         "TCP Fast Open (RFC 7413), data in the first packet of a connection. The bits: 1 clients "
         "may use it, 2 servers may, 4 clients send data without a cookie, 0x200 servers take data "
         "without a cookie, 0x400 every listener has it without asking for it.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_fastopen_blackhole_timeout_sec",
     .shape = {Encoding::int32, Unit::seconds, 0, int_max},
     .since = {4, 12},
     .default_text = "0",
     .meaning = "How long TCP Fast Open is left alone after a firewall seems to have swallowed it; "
                "each further time is longer. 0 turns the detection off.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_fastopen_key",
     .shape = {Encoding::text},
     .meaning = "The key of the cookies of TCP Fast Open, as four groups of hexadecimal digits; a "
                "second key after a comma is still taken. Servers behind one address need the "
                "same. Only root may read it.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_fin_timeout",
     .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
     .per_namespace_since = {4, 9},
     .defaults = {60},
     .meaning = "How long a connection that no program holds any more waits in FIN-WAIT-2 for its "
                "peer to close. It does not change the length of TIME-WAIT, which is always 60 "
                "seconds. Three and a half retransmission timeouts are waited in any case.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_frto",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "2",
     .earlier_ranges = int_before_uint8,
     .meaning = "Whether a retransmission timeout that was caused by a delay rather than a loss is "
                "recognised (F-RTO, RFC 5682).",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_frto_response",
     .shape = {Encoding::int32, Unit::mode, int_min, int_max},
     .removed = {3, 10},
     .instead = "Drop the line; net.ipv4.tcp_frto alone is left.",
     .meaning = "Chose what happened after a spurious timeout.",
     .source = "tcp(7)"},
    {.pattern = "net/ipv4/tcp_fwmark_accept",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "0",
     .meaning = "Whether accepted sockets carry the mark of the packet that opened the connection, "
                "for policy routing of the replies.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_invalid_ratelimit",
     .shape = {Encoding::milliseconds, Unit::milliseconds, 0, int_max},
     .since = {4, 0},
     .default_text = "500",
     .meaning = "The least time between two acknowledgements that answer invalid segments of one "
                "connection, against loops between two confused ends.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_keepalive_intvl",
     .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
     .per_namespace_since = {4, 9},
     .defaults = {75},
     .meaning = "The time between two keepalive probes that go unanswered. The kernel takes 0 and "
                "negative numbers: with tcp_keepalive_time at 0 as well, idle connections with "
                "SO_KEEPALIVE die within seconds.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_keepalive_probes",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .per_namespace_since = {4, 9},
     .earlier_ranges = int_before_uint8,
     .defaults = {9},
     .meaning = "How many keepalive probes may go unanswered before a connection counts as dead.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_keepalive_time",
     .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
     .per_namespace_since = {4, 9},
     .defaults = {7200},
     .meaning = "How long a connection with SO_KEEPALIVE, and without a TCP_KEEPIDLE of its own, "
                "is idle before it is probed for the first time. Most firewalls forget idle "
                "connections long before the default of two hours. Timers that already run are not "
                "moved. The kernel takes 0 and negative numbers: with tcp_keepalive_intvl at 0 as "
                "well, idle connections die within seconds.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_l3mdev_accept",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {4, 5},
     .default_text = "0",
     .meaning = "Whether a listener that is not bound to a VRF takes connections of every VRF.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_limit_output_bytes",
     .shape = {Encoding::int32, Unit::bytes, int_min, int_max},
     .per_namespace_since = {4, 15},
     .defaults = {{131072, {3, 16}, {4, 2}},
                  {262144, {4, 3}, {5, 0}},
                  {1 * mib, {5, 0}, {6, 15}},
                  {4 * mib, {6, 17}}},
     .meaning = "How many bytes of one connection may wait in the queueing discipline and the "
                "network card together. A smaller number shortens queues on the host, a larger one "
                "helps fast cards that report sent packets late. A negative number means no limit.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_low_latency",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .scope = Scope::host,
     .effect = Effect::never,
     .dead_since = {4, 14},
     .instead = "Drop the line; TCP_NODELAY, TCP_QUICKACK and busy polling shorten latency.",
     .default_text = "0",
     .meaning = "Has no effect any more.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_max_orphans",
     .shape = {Encoding::int32, Unit::sockets, int_min, int_max},
     .scope = Scope::host,
     .default_text = "half the size of the connection table",
     .is_capacity = true,
     .meaning =
         "How many TCP connections may go on that no program holds any more, such as those closed "
         "with data still to send. Beyond it such a connection is reset at once, with a message in "
         "the kernel log. Each may tie up as much as 64 KiB; lowering the number drops data of "
         "peers that are merely slow. A negative number means no limit in practice.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_max_reordering",
     .shape = {Encoding::int32, Unit::segments, 1, int_max},
     .since = {3, 19},
     .default_text = "300",
     .meaning = "How far the kernel may raise the reordering of a connection by what it learns.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_max_ssthresh",
     .shape = {Encoding::int32, Unit::segments, int_min, int_max},
     .removed = {3, 16},
     .instead = "Drop the line.",
     .meaning = "Limited the growth of the window in slow start (RFC 3742).",
     .source = "source trees of Linux 3.10 and 3.16"},
    {.pattern = "net/ipv4/tcp_max_syn_backlog",
     .shape = {Encoding::int32, Unit::connections, int_min, int_max},
     .per_namespace_since = {4, 12},
     .default_text = "from the size of the connection table, at least 128",
     .is_capacity = true,
     .meaning = "How many half-open connections a listener keeps. Since Linux 4.4 the backlog of "
                "listen(2) decides, and this key counts only while tcp_syncookies is 0: then peers "
                "without saved metrics are refused above three quarters of it.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_max_tw_buckets",
     .shape = {Encoding::int32, Unit::sockets, int_min, int_max},
     .per_namespace_since = {4, 12},
     .default_text = "half the size of the connection table",
     .harms = ipv4_tcp_max_tw_buckets_harms,
     .is_capacity = true,
     .meaning = "How many connections may wait in TIME-WAIT; beyond it they are dropped at once, "
                "with a message in the kernel log (TCPTimeWaitOverflow). A negative number means "
                "no limit. Raise it rather than lower it: TIME-WAIT keeps late segments of an old "
                "connection out of a new one.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_mem",
     .shape = {Encoding::ulong, Unit::pages, 0, ulong_max, 3},
     .scope = Scope::host,
     .field_names = {"low", "pressure", "high"},
     .ordered = true,
     .harms = ipv4_tcp_mem_harms,
     .defaults = {Formula::tcp_memory},
     .is_capacity = true,
     .meaning =
         "The memory that all TCP sockets of the host together may hold, all network namespaces "
         "included. Up to the first number they take what they need. Above the second the kernel "
         "is under pressure: receive buffers stop growing and windows shrink until use falls back "
         "to the first. Above the third no more memory is given, segments are dropped and orphaned "
         "connections are reset. The numbers count pages, not bytes, and are worked out from the "
         "memory once, at boot. The sum in use is \"mem\" in the TCP line of /proc/net/sockstat.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_migrate_req",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {5, 14},
     .default_text = "0",
     .meaning = "Whether connections that wait for a listener that closes move to another one on "
                "the same port (SO_REUSEPORT).",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_min_rtt_wlen",
     .shape = {Encoding::int32, Unit::seconds, 0, 86400},
     .since = {4, 4},
     .default_text = "300",
     .meaning = "Over how long the smallest round trip is remembered. 0 takes the latest.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_min_snd_mss",
     .shape = {Encoding::int32, Unit::bytes, 48, 65535},
     .since = {5, 2},
     .default_text = "48",
     .meaning = "The smallest segment size that a peer may ask for; it protects against peers that "
                "make tiny segments.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_min_tso_segs",
     .shape = {Encoding::uint8, Unit::segments, 1, 255},
     .since = {3, 16},
     .per_namespace_since = {4, 15},
     .earlier_ranges = ipv4_tcp_min_tso_segs_ranges,
     .defaults = {2},
     .meaning = "The smallest burst, in segments, that TCP hands to the card in one piece. Larger "
                "numbers save CPU time, smaller ones space the packets of slow connections better.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_moderate_rcvbuf",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning = "Whether the kernel sizes the receive buffers of TCP by itself, up to the third "
                "number of tcp_rmem. Off, every connection stays at the second number. Sockets "
                "with SO_RCVBUF are never sized.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_mtu_probe_floor",
     .shape = {Encoding::int32, Unit::bytes, 48, 65535},
     .since = {5, 4},
     .default_text = "48",
     .meaning = "The smallest segment size that tcp_mtu_probing goes down to.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_mtu_probing",
     .shape = {Encoding::uint8, Unit::mode, 0, 255},
     .effect = Effect::new_connections,
     .per_namespace_since = {4, 1},
     .earlier_ranges = int_before_uint8,
     .defaults = {0},
     .meaning = "Finding the packet size of a path by trying (RFC 4821), for networks that drop "
                "ICMP: 0 never, 1 once a connection seems to lose every large packet, 2 and above "
                "always, starting from tcp_base_mss.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_no_metrics_save",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {0},
     .meaning =
         "When a connection closes, the kernel keeps its round-trip time, its window and its "
         "reordering for the next connection to the same address. Any number but 0 stops that "
         "saving. It neither deletes what is saved nor stops its use: \"ip tcp_metrics flush all\" "
         "does, in each network namespace. Both ends keep a cache of their own. With "
         "tcp_syncookies at 0 no peer counts as known any more, so tcp_max_syn_backlog refuses "
         "more of them.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_no_ssthresh_metrics_save",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {5, 7},
     .defaults = {{1, {5, 7}}},
     .meaning = "Whether the slow-start threshold is left out of the metrics that the kernel keeps "
                "for each address. Saved, one bad connection slows the next ones.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_notsent_lowat",
     .shape = {Encoding::uint32, Unit::bytes, 0, uint_max},
     .since = {3, 16},
     .per_namespace_since = {4, 9},
     .harms = ipv4_tcp_notsent_lowat_harms,
     .earlier_ranges = ipv4_tcp_notsent_lowat_ranges,
     .defaults = {{4'294'967'295, {4, 12}}},
     .meaning = "How much unsent data a TCP socket may queue before it stops counting as writable, "
                "for sockets without a TCP_NOTSENT_LOWAT of their own. A lower number keeps queues "
                "short and replies fresh at the price of more wake-ups; the largest number, the "
                "default, means no limit.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_orphan_retries",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .default_text = "0",
     .earlier_ranges = int_before_uint8,
     .meaning = "How often a connection that no program holds any more repeats its data; 0 stands "
                "for 8. A busy web server may lower it.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_pacing_ca_ratio",
     .shape = {Encoding::int32, Unit::percent, 0, 1000},
     .since = {4, 3},
     .per_namespace_since = {4, 15},
     .defaults = {{120, {4, 3}}},
     .meaning = "How fast a paced connection sends after slow start, compared with one window for "
                "each round trip: 120 is a fifth faster. BBR paces by itself and ignores the key.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_pacing_ss_ratio",
     .shape = {Encoding::int32, Unit::percent, 0, 1000},
     .since = {4, 3},
     .per_namespace_since = {4, 15},
     .defaults = {{200, {4, 3}}},
     .meaning = "How fast a paced connection sends during slow start, compared with one window for "
                "each round trip: 200 is twice that rate. BBR paces by itself and ignores the key.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_pingpong_thresh",
     .shape = {Encoding::uint8, Unit::count, 1, 255},
     .since = {6, 8},
     .defaults = {{1, {6, 8}}},
     .meaning = "After how many prompt replies a connection counts as interactive and delays its "
                "acknowledgements, up to about 40 ms. 255 all but turns that off.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_plb_cong_thresh",
     .shape = {Encoding::int32, Unit::count, 0, 256},
     .since = {6, 2},
     .default_text = "128",
     .meaning = "Protective load balancing: the share of marked packets, in 256ths, from which a "
                "round trip counts as congested.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_plb_enabled",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {6, 2},
     .default_text = "0",
     .meaning = "Protective load balancing: whether a congested connection changes its path "
                "through the network. Needs a congestion control that supports it, such as DCTCP.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_plb_idle_rehash_rounds",
     .shape = {Encoding::uint8, Unit::count, 0, 31},
     .since = {6, 2},
     .default_text = "3",
     .meaning = "Protective load balancing: after how many congested round trips the path changes "
                "while the connection is idle.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_plb_rehash_rounds",
     .shape = {Encoding::uint8, Unit::count, 0, 31},
     .since = {6, 2},
     .default_text = "12",
     .meaning = "Protective load balancing: after how many congested round trips the path changes "
                "at any time.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_plb_suspend_rto_sec",
     .shape = {Encoding::uint8, Unit::seconds, 0, 255},
     .since = {6, 2},
     .default_text = "60",
     .meaning = "Protective load balancing: how long it pauses after a retransmission timeout; the "
                "real time is up to twice as long.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_probe_interval",
     .shape = {Encoding::uint32, Unit::seconds, 0, 42949672},
     .since = {4, 1},
     .default_text = "600",
     .meaning = "How often tcp_mtu_probing looks for a larger packet size.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_probe_threshold",
     .shape = {Encoding::int32, Unit::bytes, int_min, int_max},
     .since = {4, 1},
     .default_text = "8",
     .meaning = "How close the search of tcp_mtu_probing gets before it stops.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rcvbuf_low_rtt",
     .shape = {Encoding::int32, Unit::microseconds, int_min, int_max},
     .since = {6, 19},
     .meaning = "New in Linux 6.19: the round trip below which a receive buffer grows less "
                "eagerly, since the kernel overestimates the need of such paths.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_recovery",
     .shape = {Encoding::uint8, Unit::bits, 0, 255},
     .since = {4, 4},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {{1, {4, 4}}},
     .meaning = "How losses are found by time (RACK, RFC 8985): 1 is RACK itself, 2 keeps its "
                "reordering window fixed, 4 does not wait for three duplicates.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_reflect_tos",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {5, 10},
     .default_text = "0",
     .meaning = "Whether a listener answers with the type of service of the connection request.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_reordering",
     .shape = {Encoding::int32, Unit::segments, 1, int_max},
     .effect = Effect::new_sockets,
     .defaults = {3},
     .bounded_by = {"net/ipv4/tcp_max_reordering", 0, 0, BoundKind::checked_once},
     .meaning = "How many segments late a packet may arrive before it counts as lost, at the start "
                "of a connection; the kernel then learns the number, up to tcp_max_reordering. "
                "Lowering it makes reordering look like loss.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_retrans_collapse",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "1",
     .earlier_ranges = int_before_uint8,
     .meaning =
         "Whether small segments are joined when they are repeated, for the sake of old printers.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_retries1",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .earlier_ranges = int_before_uint8,
     .defaults = {3},
     .meaning = "After how many repeats of a segment the kernel looks for another route. RFC 1122 "
                "asks for at least 3.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_retries2",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .lock_out = "With a small number connections die in short outages.",
     .lock_out_at = {Comparison::less, 5},
     .earlier_ranges = int_before_uint8,
     .defaults = {15},
     .meaning = "After how many repeats of a segment a connection is given up: 15 means between 13 "
                "and 30 minutes, 8 about 100 seconds, the least that RFC 1122 allows.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rfc1337",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {0},
     .meaning = "Whether a reset that reaches a connection in TIME-WAIT is ignored (RFC 1337), "
                "rather than ending the wait.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rmem",
     .shape = {Encoding::int32, Unit::bytes, 2304, int_max, 3},
     .field_names = {"min", "default", "max"},
     .ordered = true,
     .per_namespace_since = {4, 15},
     .harms = ipv4_tcp_rmem_harms,
     .earlier_ranges = ipv4_tcp_rmem_ranges,
     .defaults = {Formula::receive_buffers},
     .is_capacity = true,
     .bounded_by = {"net/core/rmem_max", 2, 0, BoundKind::advised},
     .meaning =
         "The receive buffer of one TCP socket: the first number is what it may always have, even "
         "under memory pressure; the second is what it starts with; the third is how far the "
         "kernel may let it grow by itself. The third must cover the round-trip time multiplied by "
         "the bandwidth, with room for overhead; it also sets the window scale of new connections. "
         "A program that sets SO_RCVBUF turns the growth off for that socket. The kernel takes the "
         "numbers in any order: with a third below the second the buffer never grows. The second "
         "number reaches new sockets only, and an accepted socket copies what its listener found: "
         "a running server must listen anew.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rto_max_ms",
     .shape = {Encoding::int32, Unit::milliseconds, 1000, 120000},
     .effect = Effect::new_sockets,
     .since = {6, 17},
     .defaults = {{120'000, {6, 17}}},
     .meaning = "The longest retransmission timeout. Each repeat doubles the timeout up to here, "
                "so a lower number notices a recovered path sooner. Accepted sockets copy the "
                "number that their listener found.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rto_min_us",
     .shape = {Encoding::int32, Unit::microseconds, 1, int_max},
     .effect = Effect::new_sockets,
     .since = {6, 12},
     .defaults = {{200'000, {6, 12}}},
     .meaning = "The shortest retransmission timeout. In a data centre with short round trips a "
                "lower number finds losses sooner, but one below the peer's delayed "
                "acknowledgement causes needless repeats. A route's rto_min and TCP_RTO_MIN_US go "
                "before it. Accepted sockets copy the number that their listener found.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_rx_skb_cache",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .since = {5, 2},
     .removed = {5, 17},
     .instead = "Drop the line; the kernel caches them by itself.",
     .meaning = "Kept a receive buffer for each socket.",
     .source = "source trees of Linux 5.15 and 5.17"},
    {.pattern = "net/ipv4/tcp_sack",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .effect = Effect::new_connections,
     .per_namespace_since = {4, 14},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning = "Selective acknowledgements (RFC 2018): the receiver says which segments beyond a "
                "gap it has, so that only the lost ones are sent again. Off, a single loss costs a "
                "fast path far more.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_shrink_window",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .since = {6, 5},
     .defaults = {0},
     .meaning = "Allows TCP to take back a window that it has already offered, so that a receive "
                "buffer keeps to its limit. RFC 7323 discourages that; it helps where memory runs "
                "out under connections with small segments.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_slow_start_after_idle",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning = "Whether a connection that was idle for longer than its retransmission timeout "
                "starts slowly again, as if it were new. Off, it sends at once with the window it "
                "had, which suits persistent connections with pauses.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_stdurg",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "0",
     .earlier_ranges = int_before_uint8,
     .meaning = "Whether the urgent pointer is read as RFC 793 has it rather than as BSD did. On, "
                "urgent data fails with most peers.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_syn_linear_timeouts",
     .shape = {Encoding::uint8, Unit::count, 0, 127},
     .since = {6, 5},
     .default_text = "4",
     .meaning = "How often a connection request is repeated each second before the intervals begin "
                "to double.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_syn_retries",
     .shape = {Encoding::uint8, Unit::count, 1, 127},
     .defaults = {6},
     .meaning = "How often a connection request is repeated before connect(2) fails. Each repeat "
                "waits twice as long as the one before, after the first few that "
                "tcp_syn_linear_timeouts spaces evenly.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_synack_retries",
     .shape = {Encoding::uint8, Unit::count, 0, 255},
     .earlier_ranges = int_before_uint8,
     .defaults = {5},
     .meaning = "How often the answer to a connection request is repeated before the request is "
                "forgotten.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_syncookies",
     .shape = {Encoding::uint8, Unit::mode, 0, 255},
     .per_namespace_since = {4, 9},
     .lock_out = "At 0 a flood of connection requests keeps everybody else out.",
     .lock_out_at = {Comparison::equal, 0},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning =
         "What happens when the queue of half-open connections is full: 0 drops, 1 answers with a "
         "cookie and keeps nothing, 2 always answers with cookies. Without timestamps, a "
         "connection made from a cookie lacks window scaling and selective acknowledgements.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_thin_dupack",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .removed = {4, 12},
     .instead = "Drop the line; net.ipv4.tcp_recovery finds such losses by time.",
     .meaning =
         "Sent a lost packet again after one duplicate for connections with few packets under way.",
     .source = "source trees of Linux 4.9 and 4.12"},
    {.pattern = "net/ipv4/tcp_thin_linear_timeouts",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {0},
     .meaning = "Connections with fewer than four packets under way repeat a lost one at even "
                "intervals, up to six times, before the intervals begin to double. It helps "
                "interactive traffic on lossy paths.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_timestamps",
     .shape = {Encoding::uint8, Unit::mode, 0, 255},
     .effect = Effect::new_connections,
     .per_namespace_since = {4, 14},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning =
         "TCP timestamps (RFC 7323): they measure the round trip on every segment and protect fast "
         "connections from old duplicates. 0 is off, 1 is on with a random offset for each "
         "connection, any other number is on without the offset. tcp_tw_reuse needs them.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tso_rtt_log",
     .shape = {Encoding::uint8, Unit::log2, 0, 31},
     .since = {5, 18},
     .default_text = "9",
     .earlier_ranges = ipv4_tcp_tso_rtt_log_ranges,
     .meaning = "How quickly bursts get smaller as the round trip grows: each 2^n microseconds "
                "halve the part that is added to short paths. 0 is off.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tso_win_divisor",
     .shape = {Encoding::uint8, Unit::factor, 0, 255},
     .per_namespace_since = {4, 15},
     .earlier_ranges = int_before_uint8,
     .defaults = {3},
     .meaning = "The share of the congestion window that one burst may take: 3 means a third. 0 "
                "sets no such limit.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tw_recycle",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .removed = {4, 12},
     .instead = "Drop the line; net.ipv4.tcp_tw_reuse does for outgoing connections what can be "
                "done safely.",
     .meaning = "Ended TIME-WAIT early by the timestamps of each address, which broke the "
                "connections of several clients behind one address. It is gone since Linux 4.12.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tw_reuse",
     .shape = {Encoding::uint8, Unit::mode, 0, 2},
     .per_namespace_since = {4, 12},
     .earlier_ranges = int_before_uint8,
     .defaults = {{0, {3, 16}, {4, 16}}, {2, {4, 18}}},
     .meaning = "Whether an outgoing connection may take over the port of one in TIME-WAIT: 0 no, "
                "1 yes where timestamps make it safe, 2 only on loopback. It helps clients that "
                "open many connections to one server, and does nothing for servers.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tw_reuse_delay",
     .shape = {Encoding::uint32, Unit::milliseconds, 1, 60000},
     .since = {6, 14},
     .defaults = {{1000, {6, 14}}},
     .meaning = "How old a connection in TIME-WAIT must be before tcp_tw_reuse may take its port.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_tx_skb_cache",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .since = {5, 2},
     .removed = {5, 17},
     .instead = "Drop the line; the kernel caches them by itself.",
     .meaning = "Kept a send buffer for each socket.",
     .source = "source trees of Linux 5.15 and 5.17"},
    {.pattern = "net/ipv4/tcp_window_scaling",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .effect = Effect::new_connections,
     .per_namespace_since = {4, 14},
     .earlier_ranges = int_before_uint8,
     .defaults = {1},
     .meaning = "Window scaling (RFC 7323). Off, no window is larger than 64 KiB, which limits a "
                "connection to 64 KiB for each round trip.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_wmem",
     .shape = {Encoding::int32, Unit::bytes, 1, int_max, 3},
     .field_names = {"min", "default", "max"},
     .ordered = true,
     .per_namespace_since = {4, 15},
     .harms = ipv4_tcp_wmem_harms,
     .defaults = {Formula::send_buffers},
     .is_capacity = true,
     .bounded_by = {"net/core/wmem_max", 2, 0, BoundKind::advised},
     .meaning = "The send buffer of one TCP socket: the first number is what it may always have, "
                "even under memory pressure; the second is what it starts with; the third is how "
                "far the kernel may let it grow by itself. A program that sets SO_SNDBUF turns the "
                "growth off for that socket. The kernel takes the numbers in any order. The second "
                "number reaches new sockets only, and an accepted socket copies what its listener "
                "found: a running server must listen anew.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/tcp_workaround_signed_windows",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .default_text = "0",
     .earlier_ranges = int_before_uint8,
     .meaning = "Whether a peer without window scaling is taken to read the window as a signed "
                "number, as very old systems did.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_child_hash_entries",
     .shape = {Encoding::uint32, Unit::entries, 0, 65536},
     .effect = Effect::new_namespaces,
     .since = {6, 2},
     .default_text = "0",
     .meaning = "The size of the UDP table that the next network namespace created from here gets "
                "for itself, rounded up to a power of two; 0 shares the table of the host.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_early_demux",
     .shape = {Encoding::uint8, Unit::flag, 0, 255},
     .since = {4, 12},
     .default_text = "1",
     .meaning = "Whether a received packet is given to its socket before it is routed, which saves "
                "the routing. For UDP; needs ip_early_demux.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_hash_entries",
     .shape = {Encoding::int32, Unit::entries, int_min, int_max},
     .since = {6, 2},
     .meaning = "The size of the table of UDP sockets. Read only; negative where the namespace "
                "shares the table of the host.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_l3mdev_accept",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .default_text = "0",
     .meaning = "Whether a UDP socket that is not bound to a VRF gets packets of every VRF.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_mem",
     .shape = {Encoding::ulong, Unit::pages, 0, ulong_max, 3},
     .scope = Scope::host,
     .field_names = {"low", "pressure", "high"},
     .ordered = true,
     .harms = ipv4_udp_mem_harms,
     .defaults = {Formula::udp_memory},
     .is_capacity = true,
     .meaning =
         "The memory that all UDP sockets of the host together may hold, in pages. Only the first "
         "number works: above it each socket keeps no more than about udp_rmem_min. The others are "
         "there for the form. The sum in use is \"mem\" in the UDP line of /proc/net/sockstat.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_rmem_min",
     .shape = {Encoding::int32, Unit::bytes, 1, int_max},
     .per_namespace_since = {4, 18},
     .defaults = {Formula::page},
     .is_capacity = true,
     .meaning = "The receive memory that each UDP socket may use even when all of them together "
                "are above the first number of udp_mem.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/udp_wmem_min",
     .shape = {Encoding::int32, Unit::bytes, 1, int_max},
     .effect = Effect::never,
     .dead_since = {5, 14},
     .per_namespace_since = {4, 18},
     .instead = "net.core.wmem_default and wmem_max size the send buffers of UDP.",
     .defaults = {Formula::page},
     .meaning = "Has no effect: the kernel does not account the memory that UDP sends.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/ipv4/xfrm4_gc_thresh",
     .shape = {Encoding::int32, Unit::entries, int_min, int_max},
     .effect = Effect::never,
     .dead_since = {4, 14},
     .instead = "Drop the line.",
     .default_text = "32768",
     .meaning =
         "Has no effect since Linux 4.14; it once limited the cache of IPsec routes over IPv4.",
     .source = "Documentation/networking/ip-sysctl.rst"},
};

}  // namespace nettune::sysctl::data
