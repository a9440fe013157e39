// The table of links: where bytes can go, what each link is made of, and what is copied behind the transport's back.
// A static table, the same on every machine: whether a link works here, the transports' probes find out.
#pragma once

#include <span>
#include <string_view>

#include "core/link.h"
#include "core/options.h"

namespace xover {

struct LinkDescriptor {
  std::string_view name;  // Link::name
  Substrate substrate = Substrate::same_host_memory;
  std::string_view summary;        // one line for `xover list`
  std::string_view copies_after;   // what is copied after the handover, and by whom; "nothing" where nobody copies
  bool has_receiver = true;        // false: only what was handed over can be measured
  bool planned = false;            // designed, not written
  bool takes_argument = false;     // needs something behind the colon: "af_packet:eth0+eth1"
  bool made = false;               // xover makes it for the run, in network namespaces of its own: see make_link()
  bool one_address_space = false;  // both ends must be in one process, whatever the transport
  std::span<const OptionSpec> options;
};

// In the order in which people read them.
std::span<const LinkDescriptor> links();
const LinkDescriptor* find_link(std::string_view name);  // null: no such link

}  // namespace xover
