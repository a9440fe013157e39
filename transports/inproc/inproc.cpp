// The row of inproc: its options, all of them faults, and how it opens.
#include "transports/inproc/inproc.h"

#include <array>

#include "transports/inproc/session.h"

namespace xover {

namespace {

constexpr std::array options{
    OptionSpec{.name = "fault",
               .kind = OptionKind::choice,
               .default_value = "none",
               .choices = "none|drop_completion|delay|short_accept|peer_death",
               .summary = "what goes wrong, to see what notices"},
    OptionSpec{.name = "fault_at",
               .kind = OptionKind::integer,
               .default_value = "1",
               .least = 1,
               .summary = "the op of the session that it happens to, counted from 1"},
    OptionSpec{.name = "fault_delay_us",
               .kind = OptionKind::integer,
               .default_value = "1000",
               .least = 0,
               .greatest = 10'000'000,
               .summary = "fault=delay: how much later ops are released, in microseconds"},
};

constexpr std::array<std::string_view, 1> links{"local"};

Availability probe(const Link&) { return {}; }

Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  return std::make_unique<InprocSession>(parameters);
}

constexpr std::array rows{Descriptor{
    .id = "inproc",
    .family = "inproc",
    .path = Path::bypass,
    .summary = "two threads of one process: by reference, copied once by the receiver",
    .way_of_a_byte =
        "The sender publishes where its bytes are. The receiver's thread copies them into the buffer that\n"
        "the application offered: one copy in user space, booked to the receiver. Then the sender has its\n"
        "memory back. No kernel and no device touches a byte.",
    .options = options,
    .links = links,
    .one_address_space = true,
    .probe = probe,
    .open = open,
}};

}  // namespace

std::span<const Descriptor> inproc_transports() { return rows; }

}  // namespace xover
