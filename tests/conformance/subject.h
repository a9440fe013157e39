// What the conformance body is run for: every transport of the table that is written, on its first link, with the
// option sets that change how bytes travel; and a few on links where memory comes back otherwise. What runs over an
// RDMA fabric runs on each of them. A new row is covered without a change here.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "core/variant.h"

namespace xover::conformance {

struct Subject {
  const Descriptor* row = nullptr;
  OptionText options;
  Link link;
  bool two_processes = false;  // each end in a process of its own: see two_processes.h

  Variant variant() const;
  std::string text() const;       // as a user would write it
  std::string test_name() const;  // letters, digits and underscores only
  bool has_option(std::string_view name) const;
  bool needs_one_process() const;
};

// What a case has to know before it begins.
struct SubjectFacts {
  Limits limits;
  bool has_fanout = false;
};

std::ostream& operator<<(std::ostream& out, const Subject& subject);

std::vector<Subject> all_subjects();
const Subject* find_subject(std::string_view text);  // null: no such subject

// At the end of the link where the calling thread is.
Result<std::unique_ptr<Session>> open_session(const Subject& subject, std::size_t max_channels, std::size_t depth,
                                              const OptionText& more_options = {}, LinkRole role = LinkRole::receiver);

}  // namespace xover::conformance
