// The links of the suite that have to be made, and a thread's place at one end of them. A network namespace belongs to
// each thread by itself (network_namespaces(7)), so the two sides of a pair can be in two.
#pragma once

#include <optional>
#include <string>

#include "core/transport.h"

namespace xover::conformance {

enum class LinkEnd : std::uint8_t { sender, receiver };

// From here on a link is made when it is first asked for, in a process that is spawned for it and ended at once. Before
// the first test. A process that does not call this is at the end where it was started.
void make_links();
// That process's program. Empty: these arguments do not ask for it. Else its exit code.
std::optional<int> run_as_link_maker(int argc, char** argv);

// Empty where the link is there: made, or one that need not be made.
std::string why_no_link(const Link& link);

// While it lives, the calling thread is at this end, and so are the threads and processes that it starts. Nothing
// happens on links that were not made.
class AtLinkEnd {
 public:
  AtLinkEnd(const Link& link, LinkEnd end);
  AtLinkEnd(const AtLinkEnd&) = delete;
  AtLinkEnd& operator=(const AtLinkEnd&) = delete;
  ~AtLinkEnd();

 private:
  int former_net_ = -1;  // -1: the thread did not move
  HostAddresses former_addresses_;
};

// Of links that are made; the others are not this suite's.
bool can_be_cut(const Link& link);

// While it lives, nothing arrives on such a link: the receiver's interface is down. The sender's loses its
// carrier with that; the sockets of neither end are told.
class CutLink {
 public:
  explicit CutLink(const Link& link);
  CutLink(const CutLink&) = delete;
  CutLink& operator=(const CutLink&) = delete;
  ~CutLink();

 private:
  Link link_;
  std::string interface_;
};

// Where the calling thread is.
const HostAddresses& own_addresses();
// For a process that was started at an end.
void set_own_addresses(const HostAddresses& addresses);
// As the kernel says of the sender's device, see OpenParameters; true of links that need not be made.
bool device_gathers(const Link& link);
// Of the other end than the calling thread's, also where nobody is.
HostAddresses peer_addresses(const Link& link);

}  // namespace xover::conformance
