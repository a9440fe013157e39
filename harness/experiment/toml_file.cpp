// Walks the tables of a TOML file; what a value means is for make_plan() to find out.
#include "harness/experiment/toml_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
// toml++ 3.3 asserts on some broken files that it then goes on to report properly.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/settings.h"

namespace xover {

namespace {

std::vector<std::string_view> names_of(const auto& fields) {
  std::vector<std::string_view> names;
  for (const auto& field : fields) names.push_back(field.name);
  return names;
}

std::string_view type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "a boolean";
    default: return "a date or time";
  }
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  Result<PlanText> read(const toml::table& root) {
    constexpr std::array<std::string_view, 5> known{"transports", "run", "axes", "experiment", "threshold"};
    if (auto checked = check_keys(root, known); !checked) return tl::make_unexpected(std::move(checked.error()));
    PlanText plan;
    auto read_all = read_settings(root, plan).and_then([&] { return read_experiments(root, plan); });
    if (!read_all) return tl::make_unexpected(std::move(read_all.error()));
    return plan;
  }

 private:
  std::string place(const toml::source_region& region) const {
    return fmt::format("{}:{}:{}", file_, region.begin.line, region.begin.column);
  }

  tl::unexpected<Error> wrong_type(std::string_view key, const toml::node& node, std::string_view expected) const {
    return bad_input(place(node.source()), fmt::format("{} is {}", key, type_of(node)),
                     fmt::format("expected {}", expected));
  }

  Result<void> check_keys(const toml::table& table, std::span<const std::string_view> known) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      return bad_input(place(key.source()), "unknown key " + in_quotes(key.str()), remedy_for(key.str(), known));
    }
    return {};
  }

  // A key that would be right elsewhere is the commonest mistake of all.
  static std::string remedy_for(std::string_view key, std::span<const std::string_view> known) {
    const auto contains = [&](std::string_view name) {
      return std::find(known.begin(), known.end(), name) != known.end();
    };
    if (find_axis(key) != nullptr && !contains("size")) return "axes go into [axes]";
    if (find_setting(key) != nullptr && !contains("rounds")) return "it goes into [run]";
    return suggestion(key, known);
  }

  Result<const toml::table*> table_at(const toml::table& parent, std::string_view key) const {
    const toml::node* node = parent.get(key);
    if (node == nullptr) return nullptr;
    if (const toml::table* table = node->as_table()) return table;
    return wrong_type(key, *node, fmt::format("a table [{}]", key));
  }

  // The text of a scalar as a flag would have it.
  std::optional<Placed> scalar(const toml::node& node) const {
    const std::string where = place(node.source());
    if (const auto* text = node.as_string()) return Placed{text->get(), where};
    if (const auto* number = node.as_integer()) return Placed{std::to_string(number->get()), where};
    if (const auto* truth = node.as_boolean()) return Placed{truth->get() ? "true" : "false", where};
    return std::nullopt;
  }

  Result<Placed> scalar_of(const FieldFacts& field, const toml::node& node) const {
    const bool boolean = field.kind == FieldKind::boolean;
    const bool number = field.kind == FieldKind::count || field.kind == FieldKind::size;
    const bool fits = boolean ? node.is_boolean() : node.is_string() || (number && node.is_integer());
    if (fits) return *scalar(node);
    const std::string expected =
        field.kind == FieldKind::text || field.kind == FieldKind::choice || field.kind == FieldKind::duration
            ? field.expected() + ", in quotes"
            : field.expected();
    return wrong_type(field.name, node, expected);
  }

  Result<void> read_settings(const toml::table& root, PlanText& plan) const {
    const auto run = table_at(root, "run");
    if (!run) return tl::make_unexpected(run.error());
    if (*run == nullptr) return {};
    if (auto checked = check_keys(**run, names_of(settings())); !checked) return checked;
    for (const Setting& setting : settings()) {
      const toml::node* node = (*run)->get(setting.name);
      if (node == nullptr) continue;
      auto value = scalar_of(setting, *node);
      if (!value) return tl::make_unexpected(std::move(value.error()));
      plan.settings.emplace_back(setting.name, std::move(*value));
    }
    return {};
  }

  // A value, or a list of them that is not empty.
  template <typename ReadOne>
  Result<std::vector<Placed>> list(std::string_view key, const toml::node& node, ReadOne read_one) const {
    std::vector<Placed> values;
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      return read_one(node).map([](Placed value) { return std::vector{std::move(value)}; });
    }
    if (array->empty()) return bad_input(place(node.source()), fmt::format("{} is an empty list", key));
    for (const toml::node& element : *array) {
      auto value = read_one(element);
      if (!value) return tl::make_unexpected(std::move(value.error()));
      values.push_back(std::move(*value));
    }
    return values;
  }

  Result<void> read_axes(const toml::table& parent, AxisLists& lists) const {
    const auto table = table_at(parent, "axes");
    if (!table) return tl::make_unexpected(table.error());
    if (*table == nullptr) return {};
    AxisLists written;
    for (const auto& [key, node] : **table) {
      const Axis* axis = find_axis(key.str());
      if (axis == nullptr) {
        return bad_input(place(key.source()), "unknown axis " + in_quotes(key.str()),
                         remedy_for(key.str(), names_of(axes())));
      }
      auto values = list(axis->name, node, [&](const toml::node& one) { return scalar_of(*axis, one); });
      if (!values) return tl::make_unexpected(std::move(values.error()));
      if (!written.emplace(axis->name, std::move(*values)).second) {
        return bad_input(place(key.source()),
                         fmt::format("{} is there twice, as {} and {}", axis->name, axis->name, axis->plural));
      }
    }
    for (auto& [axis, values] : written) lists.insert_or_assign(axis, std::move(values));
    return {};
  }

  Result<void> read_transports(const toml::table& table, std::vector<Placed>& transports) const {
    const toml::node* node = table.get("transports");
    if (node == nullptr) return {};
    auto values = list("transports", *node, [&](const toml::node& one) -> Result<Placed> {
      if (one.is_string()) return *scalar(one);
      return wrong_type("transports", one, "names in quotes, as [\"tcp.send\", \"tcp.sendmsg\"]");
    });
    if (!values) return tl::make_unexpected(std::move(values.error()));
    transports = std::move(*values);
    return {};
  }

  Result<void> read_experiment(const toml::table& table, ExperimentText& experiment) const {
    return read_transports(table, experiment.transports).and_then([&] { return read_axes(table, experiment.axes); });
  }

  Result<void> read_experiments(const toml::table& root, PlanText& plan) const {
    ExperimentText top{file_, {}, {}};
    if (auto read = read_experiment(root, top); !read) return read;
    const toml::node* node = root.get("experiment");
    if (node == nullptr) {
      plan.experiments.push_back(std::move(top));
      return {};
    }
    const toml::array* tables = node->as_array();
    if (tables == nullptr || tables->empty()) return wrong_type("experiment", *node, "tables [[experiment]]");
    for (const toml::node& element : *tables) {
      const toml::table* table = element.as_table();
      if (table == nullptr) return wrong_type("experiment", element, "tables [[experiment]]");
      constexpr std::array<std::string_view, 2> known{"transports", "axes"};
      if (auto checked = check_keys(*table, known); !checked) return checked;
      ExperimentText experiment = top;
      experiment.place = place(element.source());
      if (auto read = read_experiment(*table, experiment); !read) return read;
      plan.experiments.push_back(std::move(experiment));
    }
    return {};
  }

  std::string file_;
};

}  // namespace

Result<PlanText> parse_toml(std::string_view text, const std::string& file, const std::string& plan_name) {
  try {
    auto plan = Reader(file).read(toml::parse(text, file));
    if (plan) plan->name = plan_name;
    return plan;
  } catch (const toml::parse_error& error) {
    const auto begin = error.source().begin;
    return bad_input(fmt::format("{}:{}:{}", file, begin.line, begin.column),
                     fmt::format("no valid TOML: {}", error.description()));
  }
}

}  // namespace xover
