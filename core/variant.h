// A transport with its options, link and label, as files, flags and results write it:
// id[option=value,...]@link[option=value,...]=label.
// Everything but the id may be missing; a link may have an argument behind a colon (af_packet:eth0+eth1).
// Names (id, options, link, label) are made of letters, digits and . _ - +; option values and link arguments of any
// printable ASCII but space , [ ] and, in arguments, =.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/link.h"
#include "core/options.h"

namespace xover {

struct Variant {
  std::string id;
  OptionText options;
  Link link = {.name = ""};  // name empty: not given, the transport's default is meant
  std::string label;         // empty: not given

  // As a person would write it; parses back to the same variant.
  std::string text() const;
  // What a result row is called: the label where there is one, else text() without the link `lo`.
  std::string name() const;
  bool operator==(const Variant&) const = default;
};

// Only the form is checked here: whether the id, the options and the link exist is the harness's to say.
// Takes any bytes; the message names the column (from 1, in bytes) and shows the form.
Result<Variant> parse_variant(std::string_view text);

}  // namespace xover
