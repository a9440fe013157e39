// Reading and writing of variants: one pass from left to right, one function for each part of the form.
#include "core/variant.h"

#include <cstddef>
#include <utility>

#include "core/quote.h"

namespace xover {

namespace {

bool is_name_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool digit = c >= '0' && c <= '9';
  return letter || digit || c == '.' || c == '_' || c == '-' || c == '+';
}

bool is_value_character(char c) { return c > ' ' && c <= '~' && c != ',' && c != '[' && c != ']'; }

bool is_argument_character(char c) { return is_value_character(c) && c != '='; }

class VariantParser {
 public:
  explicit VariantParser(std::string_view text) : text_(text) {}

  Result<Variant> parse() {
    Variant variant;
    variant.id = take(is_name_character);
    if (variant.id.empty()) return complain("expected a transport id");
    if (skip('[') && !parse_options(variant.options)) return complain(problem_);
    if (skip('@') && !parse_link(variant.link)) return complain(problem_);
    if (skip('=')) {
      variant.label = take(is_name_character);
      if (variant.label.empty()) return complain("expected a label behind '='");
    }
    if (position_ < text_.size()) return complain("unexpected " + in_quotes(text_.substr(position_, 1)));
    return variant;
  }

 private:
  bool parse_options(OptionText& options) {
    do {
      const std::size_t start = position_;
      std::string name = take(is_name_character);
      if (name.empty()) return fail("expected the name of an option");
      if (!skip('=')) return fail("expected '=' and a value for option " + in_quotes(name));
      std::string value = take(is_value_character);
      if (value.empty()) return fail("expected a value for option " + in_quotes(name));
      if (options.contains(name)) {
        position_ = start;
        return fail("option " + in_quotes(name) + " is given twice");
      }
      options.emplace(std::move(name), std::move(value));
    } while (skip(','));
    return skip(']') || fail("expected ',' or ']' behind an option");
  }

  bool parse_link(Link& link) {
    link.name = take(is_name_character);
    if (link.name.empty()) return fail("expected a link behind '@'");
    if (skip(':')) {
      link.argument = take(is_argument_character);
      if (link.argument.empty()) return fail("expected the argument of link " + in_quotes(link.name) + " behind ':'");
    }
    return !skip('[') || parse_options(link.options);
  }

  bool skip(char c) {
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  std::string take(bool (*belongs)(char)) {
    const std::size_t start = position_;
    while (position_ < text_.size() && belongs(text_[position_])) ++position_;
    return std::string(text_.substr(start, position_ - start));
  }

  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  tl::unexpected<Error> complain(const std::string& problem) const {
    return make_error(ErrorCode::bad_input, "transport " + in_quotes(text_),
                      "column " + std::to_string(position_ + 1) + ": " + problem,
                      "the form is id[option=value,...]@link[option=value,...]=label, for example tcp.send@lo=a");
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::string problem_;
};

}  // namespace

std::string Variant::text() const {
  std::string text = id + bracketed(options);
  if (!link.name.empty()) text.append(1, '@').append(link.text());
  if (!label.empty()) text.append(1, '=').append(label);
  return text;
}

std::string Variant::name() const {
  if (!label.empty()) return label;
  Variant shown = *this;
  if (shown.link == Link{}) shown.link.name.clear();
  return shown.text();
}

Result<Variant> parse_variant(std::string_view text) { return VariantParser(text).parse(); }

}  // namespace xover
