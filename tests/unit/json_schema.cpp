// One function for each group of keywords; `found` collects.
#include "tests/unit/json_schema.h"

#include <algorithm>
#include <cstddef>

#include <nlohmann/json.hpp>

namespace xover::testing {

namespace {

using Json = nlohmann::json;
using Problems = std::vector<std::string>;

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& instance, const std::string& place, Problems& found) const {
    for (const auto& [keyword, value] : schema.items()) {
      if (keyword == "$ref") {
        check(root_.at(Json::json_pointer(value.get<std::string>().substr(1))), instance, place, found);
      } else if (keyword == "type") {
        if (!has_type(instance, value)) found.push_back(place + ": is no " + value.get<std::string>());
      } else if (keyword == "enum") {
        if (std::find(value.begin(), value.end(), instance) == value.end()) {
          found.push_back(place + ": " + instance.dump() + " is none of " + value.dump());
        }
      } else if (keyword == "minimum") {
        if (instance.is_number() && instance < value) found.push_back(place + ": is below " + value.dump());
      } else if (keyword == "maximum") {
        if (instance.is_number() && instance > value) found.push_back(place + ": is above " + value.dump());
      } else if (keyword == "required") {
        check_required(value, instance, place, found);
      } else if (keyword == "properties") {
        check_properties(schema, instance, place, found);
      } else if (keyword == "items") {
        check_items(value, instance, place, found);
      } else if (!is_annotation(keyword)) {
        found.push_back("schema: keyword " + keyword + " is unknown to this validator");
      }
    }
  }

 private:
  // additionalProperties is looked at together with properties, which must stand beside it.
  static bool is_annotation(const std::string& keyword) {
    return keyword == "$schema" || keyword == "$defs" || keyword == "title" || keyword == "description" ||
           keyword == "additionalProperties";
  }

  static bool has_type(const Json& instance, const std::string& type) {
    if (type == "object") return instance.is_object();
    if (type == "array") return instance.is_array();
    if (type == "string") return instance.is_string();
    if (type == "integer") return instance.is_number_integer();
    if (type == "number") return instance.is_number();
    if (type == "boolean") return instance.is_boolean();
    return false;
  }

  static void check_required(const Json& names, const Json& instance, const std::string& place, Problems& found) {
    if (!instance.is_object()) return;
    for (const auto& name : names) {
      if (!instance.contains(name.get<std::string>())) found.push_back(place + ": lacks " + name.dump());
    }
  }

  void check_properties(const Json& schema, const Json& instance, const std::string& place, Problems& found) const {
    if (!instance.is_object()) return;
    const Json& properties = schema.at("properties");
    const Json additional = schema.value("additionalProperties", Json(true));
    for (const auto& [name, value] : instance.items()) {
      const std::string inside = place + '/' + name;
      if (properties.contains(name)) {
        check(properties.at(name), value, inside, found);
      } else if (additional.is_object()) {
        check(additional, value, inside, found);
      } else if (additional == false) {
        found.push_back(inside + ": is not in the schema");
      }
    }
  }

  void check_items(const Json& schema, const Json& instance, const std::string& place, Problems& found) const {
    if (!instance.is_array()) return;
    for (std::size_t i = 0; i < instance.size(); ++i) {
      check(schema, instance[i], place + '/' + std::to_string(i), found);
    }
  }

  const Json& root_;
};

}  // namespace

std::vector<std::string> schema_problems(const nlohmann::json& schema, const nlohmann::json& instance) {
  Problems found;
  Validator(schema).check(schema, instance, "", found);
  return found;
}

}  // namespace xover::testing
