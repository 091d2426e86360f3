// SPDX-License-Identifier: MIT
// The facts of the parameters of net.bridge and net.core,
// sorted by pattern: for catalogue_data.cpp alone.
#pragma once

#include "engine/sysctl/catalogue_limits.hpp"

namespace nettune::sysctl::data {

inline constexpr EarlierRange core_busy_poll_ranges[] = {{{4, 12}, int_min, int_max}};
inline constexpr EarlierRange core_busy_read_ranges[] = {{{4, 12}, int_min, int_max}};
inline constexpr EarlierRange core_dev_weight_ranges[] = {{{6, 13}, int_min, int_max}};
inline constexpr EarlierRange core_netdev_budget_usecs_ranges[] = {{{6, 14}, 0, int_max}};
inline constexpr Harm core_optmem_max_harms[] = {
    {Comparison::less_or_equal, 0, 0,
     "sends with MSG_ZEROCOPY fail with ENOBUFS, and packet filters cannot be attached (ENOMEM)"}};
inline constexpr EarlierRange core_optmem_max_ranges[] = {{{6, 8}, int_min, int_max}};
inline constexpr Harm core_somaxconn_harms[] = {
    {Comparison::equal, 0, 0, "each listener takes one waiting connection and drops the rest"}};
inline constexpr EarlierRange core_somaxconn_ranges[] = {{{4, 1}, 0, 65535}};

inline constexpr Parameter core_parameters[] = {
    {.pattern = "net/core/busy_poll",
     .encoding = Encoding::int32,
     .unit = Unit::microseconds,
     .minimum = 0,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {3, 16},
     .default_text = "0",
     .earlier_ranges = core_busy_poll_ranges,
     .meaning = "How long poll(2), select(2) and epoll wait actively for packets of sockets with "
                "SO_BUSY_POLL before they sleep. It trades CPU time for latency; 0 is off.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/busy_read",
     .encoding = Encoding::int32,
     .unit = Unit::microseconds,
     .minimum = 0,
     .maximum = int_max,
     .scope = Scope::host,
     .effect = Effect::new_sockets,
     .since = {3, 16},
     .default_text = "0",
     .earlier_ranges = core_busy_read_ranges,
     .meaning = "How long a blocking read waits actively for packets before it sleeps: what "
                "SO_BUSY_POLL of a new socket starts with. It trades CPU time for latency; 0 is "
                "off. Accepted sockets copy their listener's value.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/bypass_prot_mem",
     .encoding = Encoding::int32,
     .unit = Unit::flag,
     .minimum = int_min,
     .maximum = int_max,
     .since = {6, 19},
     .meaning = "New in Linux 6.19: lets sockets pass over the memory accounting of their "
                "protocol, so that only the control group accounts them.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/default_qdisc",
     .encoding = Encoding::word,
     .scope = Scope::host,
     .effect = Effect::new_links,
     .since = {3, 16},
     .default_text = "pfifo_fast, or as the kernel was built",
     .meaning = "The queueing discipline of links made later, where nobody chose another; fq paces "
                "TCP and suits servers, fq_codel keeps queues short. A link that is there keeps "
                "its own until it is taken down and up again, and loopback and veth have none. The "
                "kernel also takes names that are no use here, such as ingress, clsact or noqueue.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight",
     .encoding = Encoding::int32,
     .unit = Unit::packets,
     .minimum = 1,
     .maximum = int_max,
     .scope = Scope::host,
     .default_text = "64",
     .earlier_ranges = core_dev_weight_ranges,
     .meaning =
         "How many packets one poll of the CPU's own queue takes, and how many packets are sent in "
         "one go by a queueing discipline; dev_weight_rx_bias and dev_weight_tx_bias multiply it.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight_rx_bias",
     .encoding = Encoding::int32,
     .unit = Unit::factor,
     .minimum = 1,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {4, 12},
     .default_text = "1",
     .meaning = "Multiplies dev_weight for receiving.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight_tx_bias",
     .encoding = Encoding::int32,
     .unit = Unit::factor,
     .minimum = 1,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {4, 12},
     .default_text = "1",
     .meaning = "Multiplies dev_weight for sending.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/high_order_alloc_disable",
     .encoding = Encoding::static_key,
     .unit = Unit::flag,
     .minimum = 0,
     .maximum = 1,
     .scope = Scope::host,
     .since = {5, 2},
     .default_text = "0",
     .meaning = "1 makes sockets fetch their memory page by page instead of in larger blocks. That "
                "is slower, and may help where memory is badly fragmented.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/mem_pcpu_rsv",
     .encoding = Encoding::int32,
     .unit = Unit::pages,
     .minimum = 256,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {6, 9},
     .default_text = "1 MiB for each CPU: 256 pages of 4 KiB",
     .meaning = "How many pages of protocol memory each CPU may take or give back before it "
                "updates the common count. A larger number costs less contention and makes the "
                "sums in /proc/net/sockstat less exact.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_budget",
     .encoding = Encoding::int32,
     .unit = Unit::packets,
     .minimum = int_min,
     .maximum = int_max,
     .scope = Scope::host,
     .default_text = "300",
     .meaning =
         "How many packets one round of receive processing takes from all cards together before it "
         "gives way to other work. Rounds that end for want of budget count in the third column of "
         "/proc/net/softnet_stat. With 0 or a negative number each round polls one card once.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_budget_usecs",
     .encoding = Encoding::int32,
     .unit = Unit::microseconds,
     .minimum = 2000,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {4, 12},
     .default_text = "two timer ticks: 8000 with 250 ticks a second",
     .earlier_ranges = core_netdev_budget_usecs_ranges,
     .meaning = "How long one round of receive processing may last, besides the limit of "
                "netdev_budget. The least that the kernel takes is two timer ticks: 2000 with 1000 "
                "ticks a second, 8000 with 250.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_max_backlog",
     .encoding = Encoding::int32,
     .unit = Unit::packets,
     .minimum = int_min,
     .maximum = int_max,
     .scope = Scope::host,
     .default_text = "1000, for each CPU",
     .meaning = "How many received packets may wait on one CPU before the stack takes them up; "
                "more are dropped and counted in the second column of /proc/net/softnet_stat. The "
                "queue is used by loopback, by virtual links without NAPI, by RPS for the CPUs "
                "that it hands packets to, and by old drivers. A card whose driver uses NAPI does "
                "not pass through it unless RPS is on, so a larger number changes nothing there. 0 "
                "lets a single packet wait, and a negative number means no limit.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/optmem_max",
     .encoding = Encoding::int32,
     .unit = Unit::bytes,
     .minimum = 0,
     .maximum = int_max,
     .per_namespace_since = {6, 8},
     .default_text = "131072; 20480 on 64-bit machines before Linux 6.8",
     .harms = core_optmem_max_harms,
     .earlier_ranges = core_optmem_max_ranges,
     .meaning = "The memory that one socket may hold besides its two buffers: control messages, "
                "packet filters, IP options, lists of multicast sources, and the records of sends "
                "with MSG_ZEROCOPY (832 bytes each on x86-64). Where it is too small, such a send "
                "fails with ENOBUFS and SO_ATTACH_FILTER with ENOMEM.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/qdisc_max_burst",
     .encoding = Encoding::int32,
     .unit = Unit::packets,
     .minimum = int_min,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {6, 19},
     .meaning =
         "New in Linux 6.19: how many packets may be handed to a queueing discipline in one burst.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rmem_default",
     .encoding = Encoding::int32,
     .unit = Unit::bytes,
     .minimum = 2304,
     .maximum = int_max,
     .scope = Scope::host_read_only,
     .effect = Effect::new_sockets,
     .default_text = "212992",
     .meaning =
         "The receive buffer that a new socket starts with if it is not a TCP socket: UDP, UNIX, "
         "netlink and raw. TCP starts from the second number of net.ipv4.tcp_rmem instead and "
         "ignores this key. rmem_max does not limit it. The number counts kernel memory, overhead "
         "included, rather than payload: a datagram of 1000 bytes costs 2304, so the default holds "
         "about 92 of them. Too small shows as RcvbufErrors of UDP in /proc/net/snmp.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rmem_max",
     .encoding = Encoding::int32,
     .unit = Unit::bytes,
     .minimum = 2304,
     .maximum = int_max,
     .scope = Scope::host_read_only,
     .default_text = "4194304; 212992 before Linux 6.18",
     .meaning = "The largest receive buffer that a program may ask for with SO_RCVBUF; the kernel "
                "doubles what was asked, so a socket may hold twice as much. It does not limit the "
                "buffers that TCP sizes by itself: their ceiling is the third number of "
                "net.ipv4.tcp_rmem. It also counts when TCP chooses its window scale for a new "
                "connection, which follows the larger of the two.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rps_sock_flow_entries",
     .encoding = Encoding::int32,
     .unit = Unit::entries,
     .minimum = 0,
     .maximum = 536870912,
     .scope = Scope::host,
     .default_text = "0",
     .meaning = "The size of the table by which RFS steers a flow to the CPU whose program reads "
                "it, rounded up to a power of two. 0 is off. Each receive queue needs its "
                "rps_flow_cnt in sysfs as well.",
     .source = "Documentation/networking/scaling.rst"},
    {.pattern = "net/core/somaxconn",
     .encoding = Encoding::int32,
     .unit = Unit::connections,
     .minimum = 0,
     .maximum = int_max,
     .effect = Effect::next_listen,
     .default_text = "4096; 128 before Linux 5.4",
     .harms = core_somaxconn_harms,
     .earlier_ranges = core_somaxconn_ranges,
     .meaning =
         "The limit of the backlog that listen(2) asks for. A full queue makes clients wait and "
         "retry, and counts in ListenOverflows. A listener keeps the limit of its last listen() "
         "call: running servers must listen anew, and \"ss -lt\" shows what holds (Send-Q).",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/txq_reselection_ms",
     .encoding = Encoding::int32,
     .unit = Unit::milliseconds,
     .minimum = int_min,
     .maximum = int_max,
     .scope = Scope::host,
     .since = {6, 19},
     .meaning = "New in Linux 6.19: after how long a busy flow may move to another transmit queue.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/warnings",
     .encoding = Encoding::int32,
     .unit = Unit::flag,
     .minimum = int_min,
     .maximum = int_max,
     .scope = Scope::host,
     .effect = Effect::never,
     .dead_since = {3, 19},
     .instead = "Drop the line; such messages are debug messages now.",
     .default_text = "0",
     .meaning =
         "Has no effect any more; it once controlled messages of the network stack on the console.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/wmem_default",
     .encoding = Encoding::int32,
     .unit = Unit::bytes,
     .minimum = 4608,
     .maximum = int_max,
     .scope = Scope::host_read_only,
     .effect = Effect::new_sockets,
     .default_text = "212992",
     .meaning = "The send buffer that a new socket starts with if it is not a TCP socket: UDP, "
                "UNIX, netlink and raw. TCP starts from the second number of net.ipv4.tcp_wmem "
                "instead. wmem_max does not limit it. For UNIX sockets this is the only limit on "
                "queued data: the buffer of the receiver does not count.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/wmem_max",
     .encoding = Encoding::int32,
     .unit = Unit::bytes,
     .minimum = 4608,
     .maximum = int_max,
     .scope = Scope::host_read_only,
     .default_text = "4194304; 212992 before Linux 6.18",
     .meaning = "The largest send buffer that a program may ask for with SO_SNDBUF; the kernel "
                "doubles what was asked. It does not limit the buffers that TCP sizes by itself: "
                "their ceiling is the third number of net.ipv4.tcp_wmem.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
};

}  // namespace nettune::sysctl::data
