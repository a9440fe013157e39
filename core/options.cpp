// Checking of options, and the messages when they are wrong.
#include "core/options.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "core/nearest.h"
#include "core/quote.h"
#include "core/units.h"

namespace xover {

std::string bracketed(const OptionText& options) {
  std::string text;
  for (const auto& [name, value] : options) {
    text.append(text.empty() ? "[" : ",").append(name).append("=").append(value);
  }
  if (!text.empty()) text += ']';
  return text;
}

namespace {

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t bar = choices.find('|');
    parts.push_back(choices.substr(0, bar));
    if (bar == std::string_view::npos) return parts;
    choices.remove_prefix(bar + 1);
  }
}

std::string join(std::span<const std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += (text.empty() ? "" : ", ") + std::string(part);
  return text;
}

// "did you mean 'y'? It has: x, y", or "it has: x, y" where nothing is near.
std::string advice(std::string_view name, std::span<const std::string_view> valid, std::string_view verb) {
  const std::string all = std::string(verb) + ": " + join(valid);
  const std::string_view nearest = nearest_name(name, valid);
  return nearest.empty() ? "it " + all : "did you mean '" + std::string(nearest) + "'? It " + all;
}

tl::unexpected<Error> unknown_option(std::string_view owner, std::span<const OptionSpec> table, std::string_view name) {
  std::vector<std::string_view> known;
  for (const OptionSpec& spec : table) known.push_back(spec.name);
  std::string remedy = known.empty() ? "it has no options" : advice(name, known, "has");
  return make_error(ErrorCode::bad_input, "unknown option " + in_quotes(name) + " of " + std::string(owner), {},
                    std::move(remedy));
}

// "option 'pages' of x", the operation of every message about a value.
std::string place(std::string_view owner, const OptionSpec& spec) {
  return "option '" + std::string(spec.name) + "' of " + std::string(owner);
}

std::string range_of(const OptionSpec& spec) {
  const auto show = [&](std::int64_t bound) {
    return spec.kind == OptionKind::size ? format_size(static_cast<std::uint64_t>(bound)) : std::to_string(bound);
  };
  if (spec.greatest == INT64_MAX) return "at least " + show(spec.least);
  return show(spec.least) + " to " + show(spec.greatest);
}

Result<std::int64_t> read_boolean(std::string_view text) {
  constexpr std::array<std::string_view, 4> yes = {"on", "true", "yes", "1"}, no = {"off", "false", "no", "0"};
  if (std::ranges::find(yes, text) != yes.end()) return 1;
  if (std::ranges::find(no, text) != no.end()) return 0;
  return make_error(ErrorCode::bad_input, "neither on nor off", in_quotes(text), "write on or off");
}

Result<std::int64_t> read_size(std::string_view text) {
  const Result<std::uint64_t> size = parse_size(text);
  if (!size) return tl::make_unexpected(size.error());
  if (*size <= INT64_MAX) return static_cast<std::int64_t>(*size);
  return make_error(ErrorCode::bad_input, "size too large", in_quotes(text), "sizes of options end below 8388608T");
}

Result<std::int64_t> read_number(OptionKind kind, std::string_view text) {
  if (kind == OptionKind::boolean) return read_boolean(text);
  if (kind == OptionKind::size) return read_size(text);
  return parse_integer(text);
}

}  // namespace

const std::string& Options::choice(std::string_view name) const { return value(name, OptionKind::choice).text; }

bool Options::boolean(std::string_view name) const { return value(name, OptionKind::boolean).number != 0; }

std::int64_t Options::integer(std::string_view name) const { return value(name, OptionKind::integer).number; }

std::size_t Options::size_bytes(std::string_view name) const {
  return static_cast<std::size_t>(value(name, OptionKind::size).number);
}

Result<Options> Options::resolve(std::string_view owner, std::span<const OptionSpec> table, const OptionText& text) {
  for (const auto& [name, unused] : text) {
    if (std::ranges::find(table, name, &OptionSpec::name) == table.end()) return unknown_option(owner, table, name);
  }
  Options options;
  for (const OptionSpec& spec : table) {
    const auto written = text.find(spec.name);
    const bool by_default = written == text.end();
    Result<Value> value = read(owner, spec, by_default ? spec.default_value : std::string_view(written->second));
    assert((value || !by_default) && "the table's default is wrong");
    if (!value) return tl::make_unexpected(std::move(value.error()));
    options.values_.emplace(spec.name, std::move(*value));
  }
  return options;
}

Result<Options::Value> Options::read(std::string_view owner, const OptionSpec& spec, std::string_view text) {
  if (spec.kind == OptionKind::choice) {
    const std::vector<std::string_view> choices = split_choices(spec.choices);
    if (std::ranges::find(choices, text) != choices.end()) return Value{spec.kind, std::string(text), 0};
    return make_error(ErrorCode::bad_input, place(owner, spec), in_quotes(text) + " is none of its choices",
                      advice(text, choices, "takes"));
  }
  const Result<std::int64_t> number = read_number(spec.kind, text);
  if (!number) {
    const Error& error = number.error();
    return make_error(error.code, place(owner, spec), error.operation + ": " + error.context, error.remedy);
  }
  const bool ranged = spec.kind != OptionKind::boolean;
  if (ranged && (*number < spec.least || *number > spec.greatest)) {
    return make_error(ErrorCode::bad_input, place(owner, spec), in_quotes(text) + " is out of range",
                      "it takes " + range_of(spec));
  }
  return Value{spec.kind, {}, *number};
}

const Options::Value& Options::value(std::string_view name, OptionKind kind) const {
  const auto found = values_.find(name);
  assert(found != values_.end() && found->second.kind == kind && "no such option of that kind in the table");
  static_cast<void>(kind);
  return found->second;
}

}  // namespace xover
