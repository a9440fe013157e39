// `xover list`: every transport on each of its links, whether it can run here, and what would make it; with a peer also
// whether it can run between the two hosts.
#pragma once

#include <optional>
#include <string>

namespace xover {

struct ListFlags {
  bool json = false;
  std::string peer;  // empty: none
  std::optional<std::string> key_file;
};

int list_command(const ListFlags& flags);

}  // namespace xover
