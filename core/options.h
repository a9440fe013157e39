// Options of a transport: what exists, what a user wrote, and the checked values between the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace xover {

enum class OptionKind : std::uint8_t { choice, boolean, integer, size };

struct OptionSpec {
  std::string_view name;
  OptionKind kind = OptionKind::integer;
  std::string_view default_value;  // as a user would write it; valid for the kind and range
  std::string_view choices;        // choice: the values, separated by '|'
  std::int64_t least = 0;          // integer and size: the range allowed
  std::int64_t greatest = INT64_MAX;
  std::string_view summary;
};

using OptionText = std::map<std::string, std::string, std::less<>>;

// "[gso=1472,ip=6]" as files and flags have it; empty without options.
std::string bracketed(const OptionText& options);

// Values for every option of a transport, defaults included. Asking for a name or kind that its table does not have
// is a programmer's error and asserts. A table whose default is wrong does so in resolve().
class Options {
 public:
  Options() = default;

  const std::string& choice(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::size_t size_bytes(std::string_view name) const;

  // Checks what the user wrote against the table: unknown names (with the nearest known one), wrong kinds, ranges.
  // `owner` is the id that the message names. Booleans are on, true, yes, 1 or off, false, no, 0; sizes as in
  // core/units.h.
  static Result<Options> resolve(std::string_view owner, std::span<const OptionSpec> table, const OptionText& text);

 private:
  struct Value {
    OptionKind kind = OptionKind::integer;
    std::string text;         // choice
    std::int64_t number = 0;  // the other kinds; a boolean is 0 or 1
  };

  static Result<Value> read(std::string_view owner, const OptionSpec& spec, std::string_view text);
  const Value& value(std::string_view name, OptionKind kind) const;

  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace xover
