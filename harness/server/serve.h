// `xover serve` without its command line: this host as the far side of a run that another host coordinates.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/error.h"
#include "harness/server/limits.h"

namespace xover {

struct ServeOptions {
  std::string listen = "127.0.0.1:7377";
  std::optional<std::string> key_file;
  std::size_t max_clients = 16;  // with the key, the one who is served included
  ClientLimits limits;
  std::string program;  // this one and its version, as clients are told
};

// Blocks until a signal asks for the end. Errors: bad_input for an address that others can reach when there is no key;
// those of the key file and of listening.
Result<void> serve(const ServeOptions& options);

}  // namespace xover
