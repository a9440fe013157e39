// Checks of kinds and ranges, and the way to a value, which is looked for only when something is wrong with it.
#include "harness/reports/json_place.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/quote.h"

namespace xover {

namespace {

using nlohmann::json;

constexpr int deepest = 32;  // readers look no deeper

// By its address: the way to `sought`, or nothing when it is not below `from`.
std::optional<std::string> way_to(const json& sought, const json& from, int depth = 0) {
  if (&sought == &from) return std::string{};
  if (!from.is_structured() || depth == deepest) return std::nullopt;
  std::size_t index = 0;
  for (const auto& [key, value] : from.items()) {
    if (const auto rest = way_to(sought, value, depth + 1)) {
      const std::string step = from.is_array() ? fmt::format("[{}]", index) : key;
      return step + (rest->empty() || rest->starts_with('[') ? "" : ".") + *rest;
    }
    ++index;
  }
  return std::nullopt;
}

std::string kind_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return "null";
    case json::value_t::object: return "an object";
    case json::value_t::array: return "an array";
    case json::value_t::string: return in_quotes(value.get_ref<const std::string&>());
    case json::value_t::boolean: return value.get<bool>() ? "true" : "false";
    default: return value.dump();
  }
}

}  // namespace

void JsonProblem::note(const json& value, std::string what) {
  if (found_) return;
  found_ = true;
  what_ = std::move(what);
  where_ = way_to(value, *root_).value_or("");
}

void JsonPlace::wrong(std::string what) const {
  if (value_ != nullptr) problem_->note(*value_, std::move(what));
}

void JsonPlace::wrong_name(const std::string& name) const {
  wrong(fmt::format("{} is unknown here: the file is of another version, or damaged", in_quotes(name)));
}

JsonPlace JsonPlace::operator[](const char* key) const {
  if (const auto found = find(key)) return *found;
  wrong(fmt::format("expected a member '{}'", key));
  return JsonPlace(*problem_);
}

std::optional<JsonPlace> JsonPlace::find(const char* key) const {
  if (value_ == nullptr) return std::nullopt;
  if (!value_->is_object()) {
    wrong(fmt::format("expected an object, found {}", kind_of(*value_)));
    return std::nullopt;
  }
  const auto found = value_->find(key);
  if (found == value_->end()) return std::nullopt;
  return JsonPlace(*found, *problem_);
}

void JsonPlace::each_element(const std::function<void(JsonPlace)>& take) const {
  if (value_ == nullptr) return;
  if (!value_->is_array()) return wrong(fmt::format("expected an array, found {}", kind_of(*value_)));
  for (const json& element : *value_) {
    if (*problem_) return;
    take(JsonPlace(element, *problem_));
  }
}

void JsonPlace::each_member(const std::function<void(const std::string&, JsonPlace)>& take) const {
  if (value_ == nullptr) return;
  if (!value_->is_object()) return wrong(fmt::format("expected an object, found {}", kind_of(*value_)));
  for (const auto& [key, member] : value_->items()) take(key, JsonPlace(member, *problem_));
}

bool JsonPlace::is_text() const { return value_ != nullptr && value_->is_string(); }

std::string JsonPlace::text() const {
  if (is_text()) return value_->get<std::string>();
  if (value_ != nullptr) wrong(fmt::format("expected text, found {}", kind_of(*value_)));
  return {};
}

bool JsonPlace::flag() const {
  if (value_ != nullptr && value_->is_boolean()) return value_->get<bool>();
  if (value_ != nullptr) wrong(fmt::format("expected true or false, found {}", kind_of(*value_)));
  return false;
}

double JsonPlace::number() const {
  if (value_ != nullptr && value_->is_number()) return value_->get<double>();
  if (value_ != nullptr) wrong(fmt::format("expected a number, found {}", kind_of(*value_)));
  return 0;
}

std::int64_t JsonPlace::integer(std::int64_t least, std::int64_t greatest) const {
  if (value_ == nullptr) return least;
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() || value_->get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
  if (fits && value_->get<std::int64_t>() >= least && value_->get<std::int64_t>() <= greatest)
    return value_->get<std::int64_t>();
  wrong(fmt::format("expected a whole number from {} to {}, found {}", least, greatest, kind_of(*value_)));
  return least;
}

std::uint64_t JsonPlace::count(std::uint64_t greatest) const {
  if (value_ == nullptr) return 0;
  if (value_->is_number_unsigned() && value_->get<std::uint64_t>() <= greatest) return value_->get<std::uint64_t>();
  wrong(fmt::format("expected a whole number from 0 to {}, found {}", greatest, kind_of(*value_)));
  return 0;
}

std::uint32_t JsonPlace::count32() const { return static_cast<std::uint32_t>(count(UINT32_MAX)); }

std::map<std::string, std::string> JsonPlace::texts() const {
  std::map<std::string, std::string> result;
  each_member([&](const std::string& key, const JsonPlace& member) { result[key] = member.text(); });
  return result;
}

std::map<std::string, std::uint64_t> JsonPlace::counts() const {
  std::map<std::string, std::uint64_t> result;
  each_member([&](const std::string& key, const JsonPlace& member) { result[key] = member.count(); });
  return result;
}

}  // namespace xover
