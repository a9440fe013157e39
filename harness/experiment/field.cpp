// Reading, checking and printing the values of fields.
#include "harness/experiment/field.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> names;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    names.push_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return names;
}

// format_duration() rounds for readers; this one is exact, in the largest unit that divides.
std::string exact_duration(std::int64_t duration_ns) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
      {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
  for (const auto& [unit, unit_ns] : units) {
    if (duration_ns % unit_ns == 0) return fmt::format("{}{}", duration_ns / unit_ns, unit);
  }
  return fmt::format("{}ns", duration_ns);
}

Result<std::int64_t> parse_one_of(const std::vector<std::string_view>& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<std::int64_t>(i);
  }
  return bad_input({}, in_quotes(text) + " is unknown", suggestion(text, names));
}

Result<std::int64_t> parse_bare(FieldKind kind, std::string_view text) {
  if (kind == FieldKind::duration) return parse_duration_ns(text);
  if (kind == FieldKind::count) return parse_integer(text);
  return parse_size(text).and_then([](std::uint64_t size_bytes) -> Result<std::int64_t> {
    return size_bytes > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(size_bytes);
  });
}

}  // namespace

std::string FieldFacts::range() const {
  switch (kind) {
    case FieldKind::count:
    case FieldKind::size:
    case FieldKind::duration: return fmt::format("{} to {}", print_number(least), print_number(greatest));
    case FieldKind::choice: return fmt::format("{}", fmt::join(split_choices(choices), ", "));
    case FieldKind::boolean: return "true or false";
    case FieldKind::text: return "";
  }
  return "";
}

std::string FieldFacts::expected() const {
  switch (kind) {
    case FieldKind::count: return "a whole number from " + range();
    case FieldKind::size: return fmt::format("a size from {}, for example 4K", range());
    case FieldKind::duration: return fmt::format("a duration from {}, for example 300ms", range());
    case FieldKind::choice: return "one of " + range();
    case FieldKind::boolean: return range();
    case FieldKind::text: return "text";
  }
  return "";
}

Result<std::int64_t> FieldFacts::parse_number(std::string_view text) const {
  if (kind == FieldKind::choice) return parse_one_of(split_choices(choices), text);
  if (kind == FieldKind::boolean) return parse_one_of({"false", "true"}, text);
  const auto number = parse_bare(kind, text);
  if (!number) return bad_input({}, number.error().operation + ": " + in_quotes(text), "expected " + expected());
  if (*number < least || *number > greatest) {
    return bad_input({}, in_quotes(text) + " is out of range", "expected " + expected());
  }
  if (power_of_two && (*number & (*number - 1)) != 0) return bad_input({}, in_quotes(text) + " is no power of two");
  return *number;
}

std::string FieldFacts::print_number(std::int64_t number) const {
  switch (kind) {
    case FieldKind::size: return format_size(static_cast<std::uint64_t>(number));
    case FieldKind::duration: return exact_duration(number);
    case FieldKind::choice: return std::string(split_choices(choices).at(static_cast<std::size_t>(number)));
    case FieldKind::boolean: return number != 0 ? "true" : "false";
    default: return std::to_string(number);
  }
}

}  // namespace xover
