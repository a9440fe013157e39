// What the conformance body is run for: every transport of the table that is written, on its first link, with the
// option sets that change how bytes travel; and a few on links where memory comes back otherwise. A new row is covered
// without a change here.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"

namespace xover::conformance {

struct Subject {
  const Descriptor* row = nullptr;
  OptionText options;
  Link link;

  std::string text() const;       // as a user would write it
  std::string test_name() const;  // letters, digits and underscores only
  bool has_option(std::string_view name) const;
};

std::ostream& operator<<(std::ostream& out, const Subject& subject);

std::vector<Subject> all_subjects();
const Subject* find_subject(std::string_view text);  // null: no such subject

// At the end of the link where the calling thread is.
Result<std::unique_ptr<Session>> open_session(const Subject& subject, std::size_t max_channels, std::size_t depth,
                                              const OptionText& more_options = {});

}  // namespace xover::conformance
