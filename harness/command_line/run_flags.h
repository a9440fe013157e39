// The flags of `xover run`, most of them made from the tables of axes and settings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/analysis/assertion.h"
#include "harness/command_line/outputs.h"
#include "harness/experiment/experiment_text.h"

namespace CLI {
class App;
}

namespace xover {

// Lives as long as the App that writes into it.
class RunFlags {
 public:
  void add_to(CLI::App& run);

  // What is to be measured: the preset or file, and the flags over it. Error: bad_input.
  Result<PlanText> plan_text() const;
  const Outputs& outputs() const { return outputs_; }
  // What is claimed about the plan, each checked against it. Error: bad_input.
  Result<std::vector<Assertion>> assertions(const Plan& plan) const;
  const std::optional<std::string>& key_file() const { return key_file_; }  // for the other host
  bool assert_strictly() const { return assert_strictly_; }                 // what is undecided does not hold

 private:
  void add_axes(CLI::App& run);
  void add_settings(CLI::App& run);
  void add_outputs(CLI::App& run);
  void add_assertions(CLI::App& run);
  void append_settings(PlanText& text) const;
  Result<PlanText> flags() const;

  std::optional<std::string> experiment_;
  std::vector<std::string> transports_;
  std::map<std::string, std::vector<std::string>, std::less<>> axes_;        // by name; each element may be a list
  std::map<std::string, std::optional<std::string>, std::less<>> settings_;  // by name
  std::map<std::string, bool, std::less<>> switches_;                        // settings that are true or false
  Outputs outputs_;
  std::optional<std::string> key_file_;
  std::vector<std::string> assertions_;
  bool assert_strictly_ = false;
};

// "4K,64K" -> 4K and 64K; commas in brackets belong to the options of a transport. An empty part is an error.
Result<std::vector<std::string>> split_list(const std::string& flag, const std::string& text);

}  // namespace xover
