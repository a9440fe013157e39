// The link `wire`: two interfaces of this host that a cable joins, moved into namespaces for the run.
#pragma once

#include "harness/links/link_settings.h"
#include "harness/links/make_link.h"

namespace xover {

// not_permitted, with who may, for whoever may not move interfaces of the host.
Availability wire_support();

// `argument` is "A+B", sender's and receiver's interface. Refuses an interface that is up or that something uses, and
// moves both interfaces or none. The caller has asked wire_support(). Waits 1 s at most for a card that an earlier run
// is giving back, and 5 s for the cable. Moves the calling process as make_link() does.
Result<MadeLink> make_wire(const std::string& argument, const LinkSettings& settings);

}  // namespace xover
