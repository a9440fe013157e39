// A field: one value of a structure together with everything that people and programs see of it, that is its name, how
// it is written and read, what is allowed, and a line of help. Axes are the fields of a Point, settings those of a
// Plan. Numbers, choices and switches are all carried as an integer, so that one routine checks every range.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "core/error.h"

namespace xover {

enum class FieldKind : std::uint8_t { count, size, duration, choice, boolean, text };

// As JSON and CSV carry it: sizes in bytes, durations in nanoseconds, choices by name.
using FieldValue = std::variant<std::int64_t, bool, std::string>;

struct FieldFacts {
  std::string_view name = {};    // the key in files, JSON and CSV; the flag is the same with '-' for '_'
  std::string_view plural = {};  // also accepted, where a list reads better with it; may be empty
  FieldKind kind = FieldKind::count;
  std::int64_t least = 0;  // count, size, duration: the range allowed
  std::int64_t greatest = 0;
  bool power_of_two = false;
  std::string_view choices = {};  // choice: the names in the order of the enumerators, separated by '|'
  std::string_view help = {};     // one line

  // "a size from 1 to 1G, for example 4K": ends the message about a wrong value.
  std::string expected() const;
  // "1 to 1G", "block, spin": ends the line of help. Empty for text.
  std::string range() const;
  // Error: context and remedy only; the caller knows the place.
  Result<std::int64_t> parse_number(std::string_view text) const;
  // As a person would write it; parses back to the same.
  std::string print_number(std::int64_t number) const;
};

template <typename Target>
struct Field : FieldFacts {
  std::int64_t (*read_number)(const Target&) = nullptr;  // null for kind text
  void (*write_number)(Target&, std::int64_t) = nullptr;
  std::string (*read_text)(const Target&) = nullptr;  // kind text only
  Result<void> (*write_text)(Target&, std::string_view) = nullptr;

  Result<void> set(Target& target, std::string_view text) const {
    if (kind == FieldKind::text) return write_text(target, text);
    return parse_number(text).map([&](std::int64_t number) { write_number(target, number); });
  }

  std::string get(const Target& target) const {
    return kind == FieldKind::text ? read_text(target) : print_number(read_number(target));
  }

  FieldValue value(const Target& target) const {
    if (kind == FieldKind::boolean) return read_number(target) != 0;
    if (kind == FieldKind::choice || kind == FieldKind::text) return get(target);
    return read_number(target);
  }
};

template <typename Target, auto member>
constexpr Field<Target> number_field(FieldFacts facts) {
  Field<Target> field{facts};
  field.read_number = [](const Target& target) { return static_cast<std::int64_t>(target.*member); };
  field.write_number = [](Target& target, std::int64_t number) {
    target.*member = static_cast<std::remove_cvref_t<decltype(target.*member)>>(number);
  };
  return field;
}

}  // namespace xover
