// The links of the transports over a fabric: their options, which the table of links shows. Always built.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/error.h"
#include "core/link.h"
#include "core/options.h"

namespace xover {

// One host's memory.
inline constexpr std::array local_options{
    OptionSpec{.name = "ends",
               .kind = OptionKind::choice,
               .default_value = "processes",
               .choices = "processes|threads",
               .summary = "where the two ends are: in two processes, or as two threads of one"},
    OptionSpec{.name = "pin",
               .kind = OptionKind::choice,
               .default_value = "auto",
               .choices = "auto|io_uring|mlock|none",
               .summary = "what keeps registered memory in place; auto: io_uring where there is one, else mlock"},
};

// A virtual clock. The defaults are a pair of servers of 2006 with an InfiniBand DDR link: see
// transports/rdma/simulated/costs.h for where each comes from.
inline constexpr std::array simulated_options{
    OptionSpec{.name = "seed",
               .kind = OptionKind::integer,
               .default_value = "1",
               .greatest = INT32_MAX,
               .summary = "of the order of what happens at the same time, and of the jitter; 0: in order of planning"},
    OptionSpec{.name = "jitter_ns",
               .kind = OptionKind::integer,
               .default_value = "0",
               .greatest = 1'000'000'000,
               .summary = "each message takes up to so much longer"},
    OptionSpec{.name = "link_mbps",
               .kind = OptionKind::integer,
               .default_value = "1400",
               .least = 1,
               .greatest = 1'000'000,
               .summary = "of each direction, in 10^6 bytes per second"},
    OptionSpec{.name = "latency_ns",
               .kind = OptionKind::integer,
               .default_value = "3000",
               .greatest = 1'000'000'000,
               .summary = "from the last byte sent to its arrival, one way"},
    OptionSpec{.name = "copy_mbps",
               .kind = OptionKind::integer,
               .default_value = "630",
               .least = 1,
               .greatest = 1'000'000,
               .summary = "what all copies of a host make together, in 10^6 bytes per second"},
    OptionSpec{.name = "cpus",
               .kind = OptionKind::integer,
               .default_value = "4",
               .least = 1,
               .greatest = 1024,
               .summary = "logical CPUs of each host"},
    OptionSpec{.name = "post_ns",
               .kind = OptionKind::integer,
               .default_value = "1000",
               .greatest = 1'000'000'000,
               .summary = "CPU time to post a request"},
    OptionSpec{.name = "result_ns",
               .kind = OptionKind::integer,
               .default_value = "500",
               .greatest = 1'000'000'000,
               .summary = "CPU time to take a result"},
    OptionSpec{.name = "wake_ns",
               .kind = OptionKind::integer,
               .default_value = "22000",
               .greatest = 1'000'000'000,
               .summary = "CPU time to wake a thread that slept when its result came"},
    OptionSpec{.name = "pin_ns",
               .kind = OptionKind::integer,
               .default_value = "2000",
               .greatest = 1'000'000'000,
               .summary = "CPU time to pin memory, whatever its size"},
    OptionSpec{.name = "pin_page_ns",
               .kind = OptionKind::integer,
               .default_value = "350",
               .greatest = 1'000'000'000,
               .summary = "CPU time to pin each of its pages"},
    OptionSpec{.name = "unpin_ns",
               .kind = OptionKind::integer,
               .default_value = "1000",
               .greatest = 1'000'000'000,
               .summary = "CPU time to unpin memory, whatever its size"},
    OptionSpec{.name = "unpin_page_ns",
               .kind = OptionKind::integer,
               .default_value = "100",
               .greatest = 1'000'000'000,
               .summary = "CPU time to unpin each of its pages"},
    OptionSpec{.name = "map_ns",
               .kind = OptionKind::integer,
               .default_value = "1500",
               .greatest = 1'000'000'000,
               .summary = "CPU time to tell the card of pinned memory"},
    OptionSpec{.name = "rnr_wait_us",
               .kind = OptionKind::integer,
               .default_value = "40000",
               .least = 1,
               .greatest = 10'000'000,
               .summary = "until a message that met no receive is tried again"},
    OptionSpec{.name = "rnr_retries",
               .kind = OptionKind::integer,
               .default_value = "7",
               .greatest = 1000,
               .summary = "attempts in vain before the one that ends the connection"},
    OptionSpec{.name = "lost_ms",
               .kind = OptionKind::integer,
               .default_value = "100",
               .least = 1,
               .greatest = 10'000,
               .summary = "until the silence of a dead peer is noticed"},
    OptionSpec{.name = "fault",
               .kind = OptionKind::choice,
               .default_value = "none",
               .choices = "none|kill|drop|delay|rnr|registration",
               .summary = "what goes wrong, once"},
    OptionSpec{.name = "fault_end",
               .kind = OptionKind::choice,
               .default_value = "sender",
               .choices = "sender|receiver",
               .summary = "the end at which it does"},
    OptionSpec{.name = "fault_at",
               .kind = OptionKind::integer,
               .default_value = "1",
               .least = 1,
               .summary = "the request posted there that it happens to, or the registration, counted from 1"},
    OptionSpec{.name = "fault_by",
               .kind = OptionKind::integer,
               .default_value = "0",
               .greatest = 10'000'000,
               .summary = "delay: microseconds; rnr: attempts in vain"},
};

// An RDMA device; the link's argument is its name, without one the first.
inline constexpr std::array<OptionSpec, 0> verbs_options{};

// By the name of the link; empty for any other.
std::span<const OptionSpec> rdma_link_options(std::string_view name);

// What the user wrote in the brackets of such a link, checked, with the defaults of the rest.
Result<Options> resolve_rdma_link(const Link& link);

}  // namespace xover
