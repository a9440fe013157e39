// Escaping, and the few elements that all parts use.
#include "harness/reports/html/markup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xover::html {

namespace {

using Json = nlohmann::ordered_json;

constexpr auto replace = Json::error_handler_t::replace;

std::string valid_utf8(std::string_view text) {
  return Json::parse(Json(text).dump(-1, ' ', false, replace)).get<std::string>();
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7f;
        result += control ? std::string("\uFFFD") : std::string(1, c);
      }
    }
  }
  return result;
}

std::string json_for_script(const Json& json) {
  std::string result;
  // ASCII alone: no line separators that JavaScript minds. The three below occur in strings only.
  for (const char c : json.dump(-1, ' ', true, replace)) {
    switch (c) {
      case '<': result += "\\u003c"; break;
      case '>': result += "\\u003e"; break;
      case '&': result += "\\u0026"; break;
      default: result += c;
    }
  }
  return result;
}

std::string list(const std::vector<std::string>& items, std::string_view attributes) {
  if (items.empty()) return {};
  std::string text = fmt::format("<ul{}{}>\n", attributes.empty() ? "" : " ", attributes);
  for (const std::string& item : items) text += "<li>" + escaped(item) + "</li>\n";
  return text + "</ul>\n";
}

std::string figure(double value, std::string_view text) {
  return fmt::format("<data value=\"{}\">{}</data>", value, escaped(text));
}

std::string table(std::string_view caption, std::string_view classes, std::string_view rows) {
  return fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table class=\"{1}\">\n"
      "<caption>{0}</caption>\n{2}</table></div>\n",
      escaped(caption), classes, rows);
}

}  // namespace xover::html
