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
  std::string_view argument_form;  // what stands behind the colon, empty: nothing. "A+B" for "af_packet:eth0+eth1"
  bool argument_optional = false;  // without one the first that there is, is meant
  bool made = false;               // xover makes it for the run, in network namespaces of its own: see make_link()
  bool one_address_space = false;  // both ends must be in one process, whatever the transport
  bool two_hosts = false;          // with another host, its ends are on one each
  bool needs_peer = false;         // without another host there is no such link
  std::span<const OptionSpec> options;

  bool takes_argument() const { return !argument_form.empty(); }
};

// In the order in which people read them.
std::span<const LinkDescriptor> links();
const LinkDescriptor* find_link(std::string_view name);  // null: no such link

// Both ends of this link must be in one process: it is so by its nature, or by its options (`local[ends=threads]`).
// False for a link that does not exist.
bool has_one_address_space(const Link& link);

// With another host this link leads there; without one this link is nowhere. False for a link that does not exist.
bool leads_to_peer(const Link& link);
bool needs_peer(const Link& link);

// Time does not pass on it by itself: its figures are a model's, and share no column with anybody's.
bool has_virtual_time(const Link& link);

}  // namespace xover
