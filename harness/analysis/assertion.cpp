// The parser, one function for each part of the form, from left to right.
#include "harness/analysis/assertion.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

enum class Unit : std::uint8_t { ratio, gbps, cycles, duration, count, share, times, size };

struct KnownFigure {
  std::string_view name;
  AssertedFigure figure;
  Metric metric;
  Handover handover;
  Unit unit;
};

constexpr KnownFigure of_metric(std::string_view name, Metric metric, Unit unit) {
  return {name, AssertedFigure::metric, metric, {}, unit};
}

constexpr KnownFigure of_handover(std::string_view name, Handover handover) {
  return {name, AssertedFigure::handover, {}, handover, Unit::share};
}

constexpr std::array known_figures{
    of_metric("goodput", Metric::goodput, Unit::gbps),
    of_metric("cpu", Metric::cpu, Unit::cycles),
    of_metric("latency_p50", Metric::latency_p50, Unit::duration),
    of_metric("latency_p99", Metric::latency_p99, Unit::duration),
    KnownFigure{"messages_per_second", AssertedFigure::messages_per_second, {}, {}, Unit::count},
    of_handover("zero_copied", Handover::zero_copied),
    of_handover("kernel_by_design", Handover::kernel_by_design),
    of_handover("kernel_after_request", Handover::kernel_after_request),
    of_handover("driver", Handover::driver),
    of_handover("unverified", Handover::unverified),
    KnownFigure{"user_copied", AssertedFigure::user_copied, {}, {}, Unit::times},
};

// What stands behind the number of a value, and what it multiplies the number by. The first of a unit is its example.
struct Suffix {
  Unit unit;
  std::string_view text;
  double factor;
};

constexpr std::array suffixes{
    Suffix{Unit::ratio, "", 1},         Suffix{Unit::gbps, "", 1},         Suffix{Unit::gbps, "Gbps", 1},
    Suffix{Unit::gbps, "Gbit/s", 1},    Suffix{Unit::cycles, "", 1},       Suffix{Unit::duration, "us", 1},
    Suffix{Unit::duration, "ns", 1e-3}, Suffix{Unit::duration, "ms", 1e3}, Suffix{Unit::duration, "s", 1e6},
    Suffix{Unit::count, "", 1},         Suffix{Unit::count, "k", 1e3},     Suffix{Unit::count, "M", 1e6},
    Suffix{Unit::count, "G", 1e9},      Suffix{Unit::share, "", 1},        Suffix{Unit::share, "%", 0.01},
    Suffix{Unit::times, "", 1}};

std::string_view expected_value(Unit unit) {
  switch (unit) {
    case Unit::ratio: return "a ratio above 0, for example 1.1";
    case Unit::gbps: return "Gbit/s above 0, for example 40 or 2.5Gbps";
    case Unit::cycles: return "cycles per byte above 0, for example 0.4";
    case Unit::duration: return "a duration above 0 with its unit, for example 50us or 1.5ms";
    case Unit::count: return "a number above 0, for example 2.5M";
    case Unit::share: return "a share from 0 to 1, for example 0.9 or 90%";
    case Unit::times: return "how often each byte is copied, for example 1";
    case Unit::size: return "a size, for example 64K";
  }
  return "";
}

class AssertionParser {
 public:
  explicit AssertionParser(std::string_view text) : text_(text) {}

  Result<Assertion> parse() {
    if (text_.size() > longest_assertion) return fail(1, fmt::format("more than {} bytes", longest_assertion), {});
    return parse_subject()
        .and_then([&] { return parse_figure(); })
        .and_then([&] { return parse_comparison(); })
        .and_then([&] { return parse_value(); })
        .and_then([&] { return parse_place(); })
        .map([&] { return std::move(result_); });
  }

 private:
  Result<void> parse_subject() {
    constexpr std::string_view crossover = "crossover";
    skip_blanks();
    result_.text = text_.substr(position_);
    const std::string_view rest = text_.substr(position_);
    if (rest.starts_with(crossover) && rest.size() > crossover.size() && is_blank(rest[crossover.size()])) {
      result_.crossover = true;
      position_ += crossover.size();
    }
    if (auto parsed = parse_transport(result_.subject); !parsed) return parsed;
    skip_blanks();
    if (take('/')) {
      result_.baseline.emplace();
      return parse_transport(*result_.baseline);
    }
    if (result_.crossover) return expected("'/' and a second transport, as in crossover tcp.zerocopy/tcp.sendmsg");
    return {};
  }

  Result<void> parse_transport(AssertedTransport& transport) {
    skip_blanks();
    const std::size_t start = position_;
    for (int depth = 0; position_ < text_.size() && !is_blank(text_[position_]); ++position_) {
      const char c = text_[position_];
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (depth == 0 && (c == '/' || c == '<' || c == '>')) break;
    }
    transport.column = start + 1;
    transport.text = text_.substr(start, position_ - start);
    position_ = transport.text.empty() ? start : position_;
    if (transport.text.empty()) return expected("a transport, for example tcp.send");
    auto variant = parse_variant(transport.text);
    if (!variant) return fail(start + 1, variant.error().message(), {});
    transport.variant = std::move(*variant);
    return {};
  }

  Result<void> parse_figure() {
    skip_blanks();
    const std::size_t start = position_;
    while (position_ < text_.size() && is_word_character(text_[position_])) ++position_;
    const std::string_view name = text_.substr(start, position_ - start);
    if (name.empty()) return expected("a figure, for example goodput");
    const auto known = std::ranges::find(known_figures, name, &KnownFigure::name);
    if (known == known_figures.end()) {
      std::array<std::string_view, known_figures.size()> names;
      std::ranges::transform(known_figures, names.begin(), &KnownFigure::name);
      return fail(start + 1, in_quotes(name) + " is no figure", suggestion(name, names));
    }
    if (result_.baseline && known->figure != AssertedFigure::metric)
      return fail(start + 1, fmt::format("'{}' is of one transport, not of two", name),
                  "goodput, cpu, latency_p50 and latency_p99 have ratios");
    result_.figure = known->figure;
    result_.metric = known->metric;
    result_.handover = known->handover;
    unit_ = result_.crossover ? Unit::size : result_.baseline ? Unit::ratio : known->unit;
    return {};
  }

  Result<void> parse_comparison() {
    skip_blanks();
    const bool less = take('<');
    if (!less && !take('>')) return expected("a comparison, one of < <= > >=");
    const bool or_equal = take('=');
    result_.comparator = less       ? or_equal ? Comparator::less_or_equal : Comparator::less
                         : or_equal ? Comparator::greater_or_equal
                                    : Comparator::greater;
    return {};
  }

  Result<void> parse_value() {
    skip_blanks();
    const std::size_t start = position_;
    while (position_ < text_.size() && !is_blank(text_[position_]) && text_[position_] != '@') ++position_;
    const std::string_view value = text_.substr(start, position_ - start);
    const auto number = unit_ == Unit::size ? size_of(value) : number_of(value);
    if (!number)
      return fail(start + 1, value.empty() ? "the value is missing" : in_quotes(value) + " is no value here",
                  fmt::format("expected {}", expected_value(unit_)));
    result_.value = *number;
    return {};
  }

  static std::optional<double> size_of(std::string_view value) {
    const auto size_bytes = parse_size(value);
    if (!size_bytes || *size_bytes == 0) return std::nullopt;
    return static_cast<double>(*size_bytes);
  }

  // Shares and times may be 0; everything else is judged by its logarithm.
  std::optional<double> number_of(std::string_view value) const {
    double number = 0;
    const auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (status != std::errc{} || !std::isfinite(number)) return std::nullopt;
    const std::string_view behind = value.substr(static_cast<std::size_t>(end - value.data()));
    const auto suffix =
        std::ranges::find_if(suffixes, [&](const Suffix& each) { return each.unit == unit_ && each.text == behind; });
    if (suffix == suffixes.end()) return std::nullopt;
    number *= suffix->factor;
    const bool may_be_zero = unit_ == Unit::share || unit_ == Unit::times;
    if (!std::isfinite(number) || (may_be_zero ? number < 0 : number <= 0)) return std::nullopt;
    if (unit_ == Unit::share && number > 1) return std::nullopt;
    return number;
  }

  Result<void> parse_place() {
    skip_blanks();
    result_.place_column = position_ + 1;
    if (position_ == text_.size()) return {};
    if (!take('@')) return expected("'@' and a place, or the end");
    do {
      if (auto parsed = parse_place_part(); !parsed) return parsed;
      skip_blanks();
    } while (take(','));
    return position_ == text_.size() ? Result<void>{} : expected("',' or the end");
  }

  Result<void> parse_place_part() {
    skip_blanks();
    const std::size_t start = position_;
    for (int depth = 0; position_ < text_.size() && !is_blank(text_[position_]); ++position_) {
      depth += text_[position_] == '[' ? 1 : text_[position_] == ']' ? -1 : 0;
      if (depth == 0 && text_[position_] == ',') break;
    }
    const std::string_view part = text_.substr(start, position_ - start);
    if (part.empty()) return expected("a size or AXIS=VALUE, for example 64K or connections=4");
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) return parse_axis(part, equals, start);
    const auto size_bytes = parse_size(part);
    if (!size_bytes)
      return fail(start + 1, in_quotes(part) + " is no size", "expected a size or AXIS=VALUE, for example 64K");
    result_.sizes_bytes.push_back(*size_bytes);
    return {};
  }

  Result<void> parse_axis(std::string_view part, std::size_t equals, std::size_t start) {
    const std::string_view name = part.substr(0, equals);
    const Axis* axis = find_axis(name);
    if (axis == nullptr) {
      std::vector<std::string_view> names;
      for (const Axis& each : xover::axes()) names.push_back(each.name);
      return fail(start + 1, in_quotes(name) + " is no axis", suggestion(name, names));
    }
    Point point;
    if (auto set = axis->set(point, part.substr(equals + 1)); !set)
      return fail(start + equals + 2, set.error().message(), {});
    if (axis->name == "size") {
      result_.sizes_bytes.push_back(point.size_bytes);
    } else {
      result_.axes.push_back({axis, axis->get(point), start + 1});
    }
    return {};
  }

  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  static bool is_word_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

  void skip_blanks() {
    while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
  }

  bool take(char c) {
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  tl::unexpected<Error> expected(std::string_view what) const {
    const std::string found =
        position_ == text_.size() ? "the end" : in_quotes(text_.substr(position_, std::size_t{1}));
    return fail(position_ + 1, fmt::format("expected {}, found {}", what, found), {});
  }

  tl::unexpected<Error> fail(std::size_t column, std::string_view problem, std::string remedy) const {
    return bad_input("--assert " + in_quotes(text_), fmt::format("column {}: {}", column, problem), std::move(remedy));
  }

  std::string_view text_;
  std::size_t position_ = 0;
  Unit unit_ = Unit::ratio;
  Assertion result_;
};

}  // namespace

bool AssertedTransport::fits(const Variant& planned) const {
  if (planned.label == text || planned.name() == text) return true;
  if (planned.id != variant.id || (!variant.label.empty() && variant.label != planned.label)) return false;
  return (variant.options.empty() || variant.options == planned.options) &&
         (variant.link.name.empty() || variant.link == planned.link);
}

bool Assertion::true_of(double found) const {
  switch (comparator) {
    case Comparator::less: return found < value;
    case Comparator::less_or_equal: return found <= value;
    case Comparator::greater: return found > value;
    case Comparator::greater_or_equal: return found >= value;
  }
  return false;
}

bool Assertion::at(const Point& point, const Link& link) const {
  if (!sizes_bytes.empty() && std::ranges::find(sizes_bytes, point.size_bytes) == sizes_bytes.end()) return false;
  // Several values of one axis are alternatives.
  return std::ranges::all_of(axes, [&](const AxisValue& wanted) {
    return std::ranges::any_of(axes, [&](const AxisValue& each) {
      if (each.axis != wanted.axis) return false;
      return each.value == (each.axis->name == "link" ? link.text() : each.axis->get(point));
    });
  });
}

Result<Assertion> parse_assertion(std::string_view text) { return AssertionParser(text).parse(); }

}  // namespace xover
