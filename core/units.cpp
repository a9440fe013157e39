// Reading and writing of quantities. Independent of the locale: std::from_chars and std::to_chars throughout.
#include "core/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <system_error>

#include "core/quote.h"

namespace xover {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> size_units = {
    {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20}, {"G", 1ULL << 30}, {"T", 1ULL << 40}}};

constexpr std::array<Unit, 5> duration_units = {
    {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}}};

constexpr std::string_view size_form = "a size is a whole number of bytes, or of K, M, G or T, for example 64K";
constexpr std::string_view duration_form =
    "a duration is a whole number and a unit out of ns, us, ms, s and m, for example 300ms";
constexpr std::string_view integer_form = "expected a whole number, for example 8";

tl::unexpected<Error> refuse(std::string_view problem, std::string_view text, std::string_view form) {
  return make_error(ErrorCode::bad_input, std::string(problem), in_quotes(text), std::string(form));
}

// What stands before the unit, and the unit.
struct Quantity {
  std::errc status = std::errc{};
  std::uint64_t number = 0;
  std::string_view unit;
};

Quantity split_quantity(std::string_view text) {
  Quantity quantity;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), quantity.number);
  quantity.status = status;
  quantity.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return quantity;
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

const Unit* find_size_unit(std::string_view name) {
  if (name.size() == 3 && equal_but_for_case(name.substr(1), "iB")) name = name.substr(0, 1);
  for (const Unit& unit : size_units) {
    if (equal_but_for_case(name, unit.name)) return &unit;
  }
  return nullptr;
}

const Unit* find_duration_unit(std::string_view name) {
  for (const Unit& unit : duration_units) {
    if (name == unit.name) return &unit;
  }
  return nullptr;
}

// 1.50 -> 1.5, 300 -> 300.
std::string without_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const Quantity quantity = split_quantity(text);
  if (quantity.status == std::errc::invalid_argument) return refuse("not a size", text, size_form);
  const Unit* unit = find_size_unit(quantity.unit);
  if (unit == nullptr) return refuse("not a size", text, size_form);
  if (quantity.status != std::errc{} || quantity.number > UINT64_MAX / unit->factor) {
    return refuse("size too large", text, "sizes end below 16777216T");
  }
  return quantity.number * unit->factor;
}

Result<std::int64_t> parse_duration_ns(std::string_view text) {
  const Quantity quantity = split_quantity(text);
  if (quantity.status == std::errc::invalid_argument) return refuse("not a duration", text, duration_form);
  if (quantity.unit.empty()) return refuse("duration without a unit", text, duration_form);
  const Unit* unit = find_duration_unit(quantity.unit);
  if (unit == nullptr) return refuse("not a duration", text, duration_form);
  if (quantity.status != std::errc{} || quantity.number > std::uint64_t{INT64_MAX} / unit->factor) {
    return refuse("duration too long", text, "durations end at 153722867m, about 292 years");
  }
  return static_cast<std::int64_t>(quantity.number * unit->factor);
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::string_view number = text;
  if (number.starts_with('+') && !number.starts_with("+-")) number.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (status == std::errc::invalid_argument || end != number.data() + number.size()) {
    return refuse("not a number", text, integer_form);
  }
  if (status != std::errc{}) return refuse("number too large", text, "numbers have 64 bits here, sign included");
  return value;
}

std::string format_size(std::uint64_t size_bytes) {
  const Unit* best = &size_units.front();
  for (const Unit& unit : size_units) {
    if (size_bytes != 0 && size_bytes % unit.factor == 0) best = &unit;
  }
  return std::to_string(size_bytes / best->factor) + std::string(best->name);
}

std::string format_duration(std::int64_t duration_ns) {
  const auto value = static_cast<double>(duration_ns);
  constexpr std::size_t seconds = 3;
  std::size_t i = 0;
  // 999.5 rounds to 1000, which is 1 of the next unit.
  while (i < seconds && std::abs(value) >= 999.5 * static_cast<double>(duration_units[i].factor)) ++i;
  const double in_unit = value / static_cast<double>(duration_units[i].factor);
  return without_trailing_zeros(format_significant(in_unit, 3)) + " " + std::string(duration_units[i].name);
}

std::string format_significant(double value, int digits) {
  if (value == 0) return "0";
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
  digits = std::clamp(digits, 1, std::numeric_limits<double>::max_digits10);

  // Scientific notation does the rounding and tells the exponent after it; then the same number without exponent.
  std::array<char, 512> buffer;  // the longest double in plain notation has about 345 characters
  char* const begin = buffer.data();
  char* end = std::to_chars(begin, begin + buffer.size(), value, std::chars_format::scientific, digits - 1).ptr;
  const char* mark = std::find(begin, end, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  double rounded = 0;
  std::from_chars(begin, end, rounded);
  const int decimals = std::max(digits - 1 - exponent, 0);
  end = std::to_chars(begin, begin + buffer.size(), rounded, std::chars_format::fixed, decimals).ptr;
  return std::string(begin, end);
}

}  // namespace xover
