// `xover threshold`: its flags, and from there to a table and a TOML snippet.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/experiment/threshold_plans.h"

namespace CLI {
class App;
}

namespace xover {

// Lives as long as the App that writes into it.
class ThresholdFlags {
 public:
  void add_to(CLI::App& command);

  Result<ThresholdQuestion> question() const;                               // error: bad_input
  const std::optional<std::string>& key_file() const { return key_file_; }  // for the other host
  const std::optional<std::string>& snippet_file() const { return snippet_file_; }
  const std::optional<std::string>& json_file() const { return json_file_; }

 private:
  std::optional<std::string> copy_, zerocopy_, budget_, seed_;
  std::optional<std::string> peer_, key_file_, clocks_agree_within_;
  std::map<std::string, std::vector<std::string>, std::less<>> axes_;  // by name; each element may be a list
  std::optional<std::string> snippet_file_, json_file_;
  bool no_gate_ = false;
};

// Blocks for about the budget; returns the exit code.
int threshold_command(const ThresholdFlags& flags);

}  // namespace xover
