// A value in a JSON file that somebody else may have written, for readers that must say where the file is wrong. What
// is wrong first is kept in a JsonProblem; from then on everything reads as empty, so that a reader checks once, at
// its end. Only the JSON readers include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace xover {

// What is wrong first, and at which value. Keeps a pointer to the root.
class JsonProblem {
 public:
  explicit JsonProblem(const nlohmann::json& root) : root_(&root) {}

  void note(const nlohmann::json& value, std::string what);
  explicit operator bool() const { return found_; }
  const std::string& what() const { return what_; }  // "expected text"
  std::string where() const { return where_; }       // "cells[3].rounds[0].sender"

 private:
  const nlohmann::json* root_;
  std::string what_, where_;
  bool found_ = false;
};

class JsonPlace {
 public:
  JsonPlace(const nlohmann::json& value, JsonProblem& problem) : value_(&value), problem_(&problem) {}

  // A member that must be there, and one that may be.
  JsonPlace operator[](const char* key) const;
  std::optional<JsonPlace> find(const char* key) const;
  void each_element(const std::function<void(JsonPlace)>& take) const;
  void each_member(const std::function<void(const std::string& key, JsonPlace)>& take) const;

  std::string text() const;
  bool flag() const;
  double number() const;
  std::int64_t integer(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t greatest = std::numeric_limits<std::int64_t>::max()) const;
  std::uint64_t count(std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max()) const;
  std::uint32_t count32() const;
  bool is_text() const;
  // The enumerator whose name it is, of those from 0 on that `name_of` knows; `last` is the greatest of them.
  template <typename Enum, typename NameOf>
  Enum one_of(Enum last, NameOf name_of) const {
    const std::string name = text();
    for (int i = 0; i <= static_cast<int>(last); ++i)
      if (name_of(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
    wrong_name(name);
    return Enum{};
  }

  std::map<std::string, std::string> texts() const;
  std::map<std::string, std::uint64_t> counts() const;

  void wrong(std::string what) const;

 private:
  explicit JsonPlace(JsonProblem& problem) : problem_(&problem) {}
  void wrong_name(const std::string& name) const;

  const nlohmann::json* value_ = nullptr;  // null: something was wrong before
  JsonProblem* problem_;
};

}  // namespace xover
