// Text into HTML. Everything that comes from a document passes through here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace xover::html {

// For element content and attribute values in double quotes. Bytes that are not UTF-8 are replaced; control characters
// but tab and line break, which HTML does not have, too.
std::string escaped(std::string_view text);

// JSON that may stand inside <script type="application/json">: nothing in it can be read as markup.
std::string json_for_script(const nlohmann::ordered_json& json);

// <li> for each; the attributes go on the list. Empty without items.
std::string list(const std::vector<std::string>& items, std::string_view attributes = "");

// A number that people read as `text` and programs as `value`.
std::string figure(double value, std::string_view text);

// A table that scrolls sideways instead of widening the page. `rows` is markup: the rows with their head.
std::string table(std::string_view caption, std::string_view classes, std::string_view rows);

}  // namespace xover::html
