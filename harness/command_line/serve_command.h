// `xover serve`: this host as the far side of a run on another one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/error.h"
#include "harness/server/serve.h"

namespace CLI {
class App;
}

namespace xover {

// Lives as long as the App that writes into it.
class ServeFlags {
 public:
  void add_to(CLI::App& command);

  Result<ServeOptions> options() const;  // error: bad_input, with the flag
  const std::optional<std::string>& new_key_file() const { return new_key_file_; }

 private:
  std::optional<std::string> listen_, key_file_, new_key_file_;
  std::map<std::string, std::optional<std::string>, std::less<>> limits_;  // by flag, as given
};

// Blocks until a signal ends the server; with --new-key only as long as that takes. Returns the exit code.
int serve_command(const ServeFlags& flags);

}  // namespace xover
