// An experiment as a person wrote it, in a file, in flags or in both: pieces of text, each with its place, so that what
// turns out to be wrong later can still be pointed at. Names are known here; values are not looked at yet.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xover {

struct Placed {
  std::string text;
  std::string place;  // "quick.toml:3:7", "--sizes"
};

// By name of the axis, never by its plural. No list is empty.
using AxisLists = std::map<std::string, std::vector<Placed>, std::less<>>;

struct ExperimentText {
  std::string place;
  std::vector<Placed> transports;
  AxisLists axes;
};

struct PlanText {
  std::string name;                                      // of the preset or file
  std::vector<std::pair<std::string, Placed>> settings;  // applied in this order: later ones win
  std::vector<ExperimentText> experiments;
};

// Flags win over files: what they say replaces what every experiment of `base` says about the same thing.
void override_with(PlanText& base, const PlanText& flags);

}  // namespace xover
