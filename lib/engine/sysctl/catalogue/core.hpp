// SPDX-License-Identifier: MIT
// The facts of the parameters of net.bridge and net.core,
// sorted by pattern: for table.cpp alone.
#pragma once

#include "engine/sysctl/catalogue/entry.hpp"

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

inline constexpr std::string_view known_disciplines[] = {
    "bfifo", "cake",       "codel", "fq",  "fq_codel", "fq_pie", "hhf",
    "pfifo", "pfifo_fast", "pie",   "red", "sfq",      "tbf"};
inline constexpr std::string_view unusable_disciplines[] = {"clsact", "htb", "ingress", "mq",
                                                            "noqueue"};
inline constexpr Choices queueing_disciplines{.what = "queueing discipline",
                                              .known = known_disciplines,
                                              .unusable = unusable_disciplines,
                                              .usual = "fq, fq_codel and pfifo_fast",
                                              .listed_by = "",
                                              .module = "sch_"};

inline constexpr Parameter core_parameters[] = {
    {.pattern = "net/bridge/bridge-nf-call-arptables",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "1",
     .lock_out = "Turned on, firewall rules suddenly meet bridged traffic, such as that of virtual "
                 "machines; turned off, container traffic escapes them.",
     .meaning = "Whether bridged ARP frames pass the rules of arptables. 1 is what the module "
                "starts with; container networks rely on it, plain bridges are faster without. Any "
                "number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/bridge/bridge-nf-call-ip6tables",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "1",
     .lock_out = "Turned on, firewall rules suddenly meet bridged traffic, such as that of virtual "
                 "machines; turned off, container traffic escapes them.",
     .meaning = "Whether bridged IPv6 frames pass the rules of ip6tables. 1 is what the module "
                "starts with; container networks rely on it, plain bridges are faster without. Any "
                "number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/bridge/bridge-nf-call-iptables",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "1",
     .lock_out = "Turned on, firewall rules suddenly meet bridged traffic, such as that of virtual "
                 "machines; turned off, container traffic escapes them.",
     .meaning = "Whether bridged IPv4 frames pass the rules of iptables. 1 is what the module "
                "starts with; container networks rely on it, plain bridges are faster without. Any "
                "number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/bridge/bridge-nf-filter-pppoe-tagged",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "0",
     .meaning = "Whether the IP packets inside bridged PPPoE frames pass iptables and ip6tables as "
                "well. Any number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/bridge/bridge-nf-filter-vlan-tagged",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "0",
     .meaning = "Whether the IP and ARP packets inside bridged VLAN frames pass iptables, "
                "ip6tables and arptables as well. Any number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/bridge/bridge-nf-pass-vlan-input-dev",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .module = "br_netfilter",
     .default_text = "0",
     .meaning = "Whether rules see the VLAN link on the bridge, where there is one, as the input "
                "link of a bridged VLAN frame. Any number but 0 is stored as 1.",
     .source = "Documentation/networking/ip-sysctl.rst"},
    {.pattern = "net/core/bpf_jit_enable",
     .shape = {Encoding::int32, Unit::mode, 0, 2},
     .scope = Scope::host,
     .meaning = "The compiler for BPF programs: 0 interprets them, 1 compiles them, 2 compiles "
                "them and prints the code to the kernel log, for developers only. Kernels built to "
                "compile always take 1 alone. Writing it needs CAP_SYS_ADMIN.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/bpf_jit_harden",
     .shape = {Encoding::int32, Unit::mode, 0, 2},
     .scope = Scope::host,
     .since = {4, 7},
     .default_text = "0",
     .meaning = "Hides constants in compiled BPF programs from attackers, at some cost in speed: 0 "
                "never, 1 for programs of unprivileged users, 2 for all.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/bpf_jit_kallsyms",
     .shape = {Encoding::int32, Unit::flag, 0, 1},
     .scope = Scope::host,
     .since = {4, 11},
     .meaning = "Whether compiled BPF programs appear with their addresses in /proc/kallsyms, for "
                "traces and profilers.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/bpf_jit_limit",
     .shape = {Encoding::ulong, Unit::bytes, 1, long_max},
     .scope = Scope::host,
     .since = {4, 20},
     .meaning = "The memory that compiled BPF programs of unprivileged users may take together.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/busy_poll",
     .shape = {Encoding::int32, Unit::microseconds, 0, int_max},
     .scope = Scope::host,
     .since = {3, 16},
     .earlier_ranges = core_busy_poll_ranges,
     .defaults = {0},
     .meaning = "How long poll(2), select(2) and epoll wait actively for packets of sockets with "
                "SO_BUSY_POLL before they sleep. It trades CPU time for latency; 0 is off.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/busy_read",
     .shape = {Encoding::int32, Unit::microseconds, 0, int_max},
     .scope = Scope::host,
     .effect = Effect::new_sockets,
     .since = {3, 16},
     .earlier_ranges = core_busy_read_ranges,
     .defaults = {0},
     .meaning = "How long a blocking read waits actively for packets before it sleeps: what "
                "SO_BUSY_POLL of a new socket starts with. It trades CPU time for latency; 0 is "
                "off. Accepted sockets copy their listener's value.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/bypass_prot_mem",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .since = {6, 19},
     .meaning = "New in Linux 6.19: lets sockets pass over the memory accounting of their "
                "protocol, so that only the control group accounts them.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/default_qdisc",
     .shape = {Encoding::word},
     .scope = Scope::host,
     .effect = Effect::new_links,
     .since = {3, 16},
     .default_text = "pfifo_fast, or as the kernel was built",
     .choices = &queueing_disciplines,
     .meaning = "The queueing discipline of links made later, where nobody chose another; fq paces "
                "TCP and suits servers, fq_codel keeps queues short. A link that is there keeps "
                "its own until it is taken down and up again, and loopback and veth have none. The "
                "kernel also takes names that are no use here, such as ingress, clsact or noqueue.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight",
     .shape = {Encoding::int32, Unit::packets, 1, int_max},
     .scope = Scope::host,
     .earlier_ranges = core_dev_weight_ranges,
     .defaults = {64},
     .meaning =
         "How many packets one poll of the CPU's own queue takes, and how many packets are sent in "
         "one go by a queueing discipline; dev_weight_rx_bias and dev_weight_tx_bias multiply it.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight_rx_bias",
     .shape = {Encoding::int32, Unit::factor, 1, int_max},
     .scope = Scope::host,
     .since = {4, 12},
     .defaults = {1},
     .meaning = "Multiplies dev_weight for receiving.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/dev_weight_tx_bias",
     .shape = {Encoding::int32, Unit::factor, 1, int_max},
     .scope = Scope::host,
     .since = {4, 12},
     .defaults = {1},
     .meaning = "Multiplies dev_weight for sending.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/devconf_inherit_init_net",
     .shape = {Encoding::int32, Unit::mode, 0, 3},
     .scope = Scope::host,
     .effect = Effect::new_namespaces,
     .since = {5, 1},
     .default_text = "0",
     .meaning =
         "What the net.ipv4.conf and net.ipv6.conf of a new network namespace start with: 0 IPv4 "
         "copies the initial namespace and IPv6 starts with the defaults, 1 both copy the initial "
         "namespace, 2 both start with the defaults, 3 both copy the namespace of the creator.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/fb_tunnels_only_for_init_net",
     .shape = {Encoding::int32, Unit::mode, 0, 2},
     .scope = Scope::host,
     .effect = Effect::new_namespaces,
     .since = {4, 18},
     .default_text = "0",
     .meaning =
         "Where the fallback tunnel links (tunl0, gre0, sit0, ip6tnl0 and others) are made by "
         "themselves: 0 in every network namespace, 1 in the initial one only, 2 nowhere.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/flow_limit_cpu_bitmap",
     .shape = {Encoding::cpu_mask},
     .scope = Scope::host,
     .since = {3, 11},
     .default_text = "0",
     .meaning = "The CPUs, as a hexadecimal mask, on whose queues a single large flow may not take "
                "all the room once they are more than half full. See netdev_max_backlog.",
     .source = "Documentation/networking/scaling.rst"},
    {.pattern = "net/core/flow_limit_table_len",
     .shape = {Encoding::int32, Unit::entries, int_min, int_max},
     .scope = Scope::host,
     .since = {3, 11},
     .default_text = "4096",
     .meaning = "The size of the table in which flow_limit_cpu_bitmap counts flows, a power of "
                "two. It holds for CPUs whose limit is turned on later.",
     .source = "Documentation/networking/scaling.rst"},
    {.pattern = "net/core/gro_normal_batch",
     .shape = {Encoding::int32, Unit::packets, 1, int_max},
     .scope = Scope::host,
     .since = {5, 4},
     .default_text = "8",
     .meaning = "How many received packets are handed to the stack in one go after GRO. Larger "
                "saves CPU time, smaller hands them on sooner.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/high_order_alloc_disable",
     .shape = {Encoding::static_key, Unit::flag, 0, 1},
     .scope = Scope::host,
     .since = {5, 2},
     .defaults = {0},
     .meaning = "1 makes sockets fetch their memory page by page instead of in larger blocks. That "
                "is slower, and may help where memory is badly fragmented.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/max_skb_frags",
     .shape = {Encoding::int32, Unit::count, 1, int_max},
     .scope = Scope::host,
     .default_text = "17",
     .meaning = "How many page fragments one packet inside the kernel may hold. Fewer make large "
                "sends smaller. The most is set when the kernel is built.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/mem_pcpu_rsv",
     .shape = {Encoding::int32, Unit::pages, 256, int_max},
     .scope = Scope::host,
     .since = {6, 9},
     .defaults = {Formula::mebibyte_in_pages},
     .meaning = "How many pages of protocol memory each CPU may take or give back before it "
                "updates the common count. A larger number costs less contention and makes the "
                "sums in /proc/net/sockstat less exact.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/message_burst",
     .shape = {Encoding::int32, Unit::count, int_min, int_max},
     .scope = Scope::host,
     .default_text = "10",
     .meaning = "How many messages the network stack may write to the kernel log before "
                "message_cost slows it.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/message_cost",
     .shape = {Encoding::seconds, Unit::seconds, -seconds_max, seconds_max},
     .scope = Scope::host,
     .default_text = "5",
     .meaning = "The time that each message of the network stack to the kernel log costs: beyond "
                "message_burst one message comes through in that time. 0 sets no limit.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_budget",
     .shape = {Encoding::int32, Unit::packets, int_min, int_max},
     .scope = Scope::host,
     .defaults = {300},
     .is_capacity = true,
     .meaning =
         "How many packets one round of receive processing takes from all cards together before it "
         "gives way to other work. Rounds that end for want of budget count in the third column of "
         "/proc/net/softnet_stat. With 0 or a negative number each round polls one card once.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_budget_usecs",
     .shape = {Encoding::int32, Unit::microseconds, 2000, int_max},
     .scope = Scope::host,
     .since = {4, 12},
     .default_text = "two timer ticks: 8000 with 250 ticks a second",
     .earlier_ranges = core_netdev_budget_usecs_ranges,
     .is_capacity = true,
     .meaning = "How long one round of receive processing may last, besides the limit of "
                "netdev_budget. The least that the kernel takes is two timer ticks: 2000 with 1000 "
                "ticks a second, 8000 with 250.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_max_backlog",
     .shape = {Encoding::int32, Unit::packets, int_min, int_max},
     .scope = Scope::host,
     .defaults = {1000},
     .is_capacity = true,
     .meaning = "How many received packets may wait on one CPU before the stack takes them up; "
                "more are dropped and counted in the second column of /proc/net/softnet_stat. The "
                "queue is used by loopback, by virtual links without NAPI, by RPS for the CPUs "
                "that it hands packets to, and by old drivers. A card whose driver uses NAPI does "
                "not pass through it unless RPS is on, so a larger number changes nothing there. 0 "
                "lets a single packet wait, and a negative number means no limit.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_rss_key",
     .shape = {Encoding::text},
     .scope = Scope::host,
     .meaning = "The key by which drivers spread flows over the queues of a card, chosen at random "
                "at boot. Read only; zeros until a driver has asked for it.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_tstamp_prequeue",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .scope = Scope::host,
     .default_text = "1",
     .meaning = "Whether a packet gets its time stamp before (1) or after (0) it waits in the "
                "queue of another CPU. After is cheaper and less exact.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/netdev_unregister_timeout_secs",
     .shape = {Encoding::int32, Unit::seconds, 1, 3600},
     .scope = Scope::host,
     .since = {5, 13},
     .default_text = "10",
     .meaning = "After how long the kernel log says that a link cannot be removed because "
                "something still holds it.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/optmem_max",
     .shape = {Encoding::int32, Unit::bytes, 0, int_max},
     .per_namespace_since = {6, 8},
     .harms = core_optmem_max_harms,
     .earlier_ranges = core_optmem_max_ranges,
     .defaults = {{20480, {3, 16}, {6, 6}}, {131072, {6, 8}}},
     .is_capacity = true,
     .meaning = "The memory that one socket may hold besides its two buffers: control messages, "
                "packet filters, IP options, lists of multicast sources, and the records of sends "
                "with MSG_ZEROCOPY (832 bytes each on x86-64). Where it is too small, such a send "
                "fails with ENOBUFS and SO_ATTACH_FILTER with ENOMEM.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/qdisc_max_burst",
     .shape = {Encoding::int32, Unit::packets, int_min, int_max},
     .scope = Scope::host,
     .since = {6, 19},
     .meaning =
         "New in Linux 6.19: how many packets may be handed to a queueing discipline in one burst.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rmem_default",
     .shape = {Encoding::int32, Unit::bytes, 2304, int_max},
     .scope = Scope::host_read_only,
     .effect = Effect::new_sockets,
     .defaults = {212992},
     .is_capacity = true,
     .bounded_by = {"net/core/rmem_max"},
     .meaning =
         "The receive buffer that a new socket starts with if it is not a TCP socket: UDP, UNIX, "
         "netlink and raw. TCP starts from the second number of net.ipv4.tcp_rmem instead and "
         "ignores this key. rmem_max does not limit it. The number counts kernel memory, overhead "
         "included, rather than payload: a datagram of 1000 bytes costs 2304, so the default holds "
         "about 92 of them. Too small shows as RcvbufErrors of UDP in /proc/net/snmp.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rmem_max",
     .shape = {Encoding::int32, Unit::bytes, 2304, int_max},
     .scope = Scope::host_read_only,
     .defaults = {{212992, {3, 16}, {6, 18}}, {4 * mib, {6, 18}}},
     .is_capacity = true,
     .meaning = "The largest receive buffer that a program may ask for with SO_RCVBUF; the kernel "
                "doubles what was asked, so a socket may hold twice as much. It does not limit the "
                "buffers that TCP sizes by itself: their ceiling is the third number of "
                "net.ipv4.tcp_rmem. It also counts when TCP chooses its window scale for a new "
                "connection, which follows the larger of the two.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rps_default_mask",
     .shape = {Encoding::cpu_mask},
     .effect = Effect::new_links,
     .since = {6, 3},
     .default_text = "0",
     .meaning = "The CPUs, as a hexadecimal mask, among which the receive queues of links made "
                "later share their packets (RPS). 0 is off.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/rps_sock_flow_entries",
     .shape = {Encoding::int32, Unit::entries, 0, 536870912},
     .scope = Scope::host,
     .defaults = {0},
     .meaning = "The size of the table by which RFS steers a flow to the CPU whose program reads "
                "it, rounded up to a power of two. 0 is off. Each receive queue needs its "
                "rps_flow_cnt in sysfs as well.",
     .source = "Documentation/networking/scaling.rst"},
    {.pattern = "net/core/skb_defer_max",
     .shape = {Encoding::int32, Unit::packets, 0, int_max},
     .scope = Scope::host,
     .since = {5, 19},
     .meaning = "How many packets may wait to be freed by the CPU that allocated them, which "
                "spares the caches. 0 turns that off.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/somaxconn",
     .shape = {Encoding::int32, Unit::connections, 0, int_max},
     .effect = Effect::next_listen,
     .harms = core_somaxconn_harms,
     .earlier_ranges = core_somaxconn_ranges,
     .defaults = {{128, {3, 16}, {5, 4}}, {4096, {5, 4}}},
     .is_capacity = true,
     .meaning =
         "The limit of the backlog that listen(2) asks for. A full queue makes clients wait and "
         "retry, and counts in ListenOverflows. A listener keeps the limit of its last listen() "
         "call: running servers must listen anew, and \"ss -lt\" shows what holds (Send-Q).",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/tstamp_allow_data",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .per_namespace_since = {6, 13},
     .default_text = "1",
     .meaning = "Whether a process without CAP_NET_RAW may get sent packets back with their time "
                "stamp, payload included.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/txq_reselection_ms",
     .shape = {Encoding::int32, Unit::milliseconds, int_min, int_max},
     .scope = Scope::host,
     .since = {6, 19},
     .meaning = "New in Linux 6.19: after how long a busy flow may move to another transmit queue.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/txrehash",
     .shape = {Encoding::uint8, Unit::flag, 0, 1},
     .effect = Effect::new_sockets,
     .since = {5, 19},
     .default_text = "1",
     .meaning = "Whether a TCP connection that seems stuck picks another path by changing the hash "
                "of its packets, for listening sockets that do not say with SO_TXREHASH.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/warnings",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .scope = Scope::host,
     .effect = Effect::never,
     .dead_since = {3, 19},
     .instead = "Drop the line; such messages are debug messages now.",
     .default_text = "0",
     .meaning =
         "Has no effect any more; it once controlled messages of the network stack on the console.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/wmem_default",
     .shape = {Encoding::int32, Unit::bytes, 4608, int_max},
     .scope = Scope::host_read_only,
     .effect = Effect::new_sockets,
     .defaults = {212992},
     .is_capacity = true,
     .bounded_by = {"net/core/wmem_max"},
     .meaning = "The send buffer that a new socket starts with if it is not a TCP socket: UDP, "
                "UNIX, netlink and raw. TCP starts from the second number of net.ipv4.tcp_wmem "
                "instead. wmem_max does not limit it. For UNIX sockets this is the only limit on "
                "queued data: the buffer of the receiver does not count.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/wmem_max",
     .shape = {Encoding::int32, Unit::bytes, 4608, int_max},
     .scope = Scope::host_read_only,
     .defaults = {{212992, {3, 16}, {6, 18}}, {4 * mib, {6, 18}}},
     .is_capacity = true,
     .meaning = "The largest send buffer that a program may ask for with SO_SNDBUF; the kernel "
                "doubles what was asked. It does not limit the buffers that TCP sizes by itself: "
                "their ceiling is the third number of net.ipv4.tcp_wmem.",
     .source = "Documentation/admin-guide/sysctl/net.rst"},
    {.pattern = "net/core/xfrm_acq_expires",
     .shape = {Encoding::int32, Unit::seconds, int_min, int_max},
     .default_text = "30",
     .meaning =
         "How long the kernel waits for a key daemon to make the IPsec state that it asked for.",
     .source = "Documentation/networking/xfrm_sysctl.rst"},
    {.pattern = "net/core/xfrm_aevent_etime",
     .shape = {Encoding::uint32, Unit::count, 0, uint_max},
     .default_text = "10",
     .meaning = "The least time between two events about the sequence numbers of an IPsec state, "
                "in units of 100 ms.",
     .source = "Documentation/networking/xfrm_sync.rst"},
    {.pattern = "net/core/xfrm_aevent_rseqth",
     .shape = {Encoding::uint32, Unit::packets, 0, uint_max},
     .default_text = "2",
     .meaning =
         "After how many packets an event about the sequence numbers of an IPsec state is sent.",
     .source = "Documentation/networking/xfrm_sync.rst"},
    {.pattern = "net/core/xfrm_larval_drop",
     .shape = {Encoding::int32, Unit::flag, int_min, int_max},
     .default_text = "1",
     .meaning = "Whether packets for which the IPsec state is still being made are dropped at once "
                "rather than held back.",
     .source = "observed on Linux 6.18"},
};

}  // namespace nettune::sysctl::data
