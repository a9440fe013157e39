// Presets first, files second: a name without slash or dot that is neither was meant to be a preset.
#include "harness/experiment/presets.h"

#include <algorithm>
#include <string>
#include <vector>

#include <unistd.h>

#include "harness/experiment/bad_input.h"
#include "harness/experiment/text_file.h"
#include "harness/experiment/toml_file.h"

namespace xover {

namespace {

bool looks_like_file(const std::string& name) {
  return name.find_first_of("/.") != std::string::npos || ::access(name.c_str(), F_OK) == 0;
}

}  // namespace

Result<PlanText> load_experiment(std::string_view name_or_file) {
  const auto all = presets();
  const auto preset = std::find_if(all.begin(), all.end(), [&](const Preset& p) { return p.name == name_or_file; });
  const std::string name(name_or_file);
  if (preset != all.end()) return parse_toml(preset->text, "preset " + name, name);
  if (looks_like_file(name)) {
    return read_text_file(name).and_then([&](const std::string& text) { return parse_toml(text, name, name); });
  }
  std::vector<std::string_view> names;
  for (const Preset& one : all) names.push_back(one.name);
  return bad_input("there is no preset or file " + in_quotes(name), {}, suggestion(name, names));
}

}  // namespace xover
