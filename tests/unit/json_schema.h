// A small JSON Schema validator for tests: the keywords that docs/result.schema.json uses, and a complaint about any
// other, so that a schema can never be checked less strictly than it reads.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace xover::testing {

// What is wrong with the instance, each with its place ("/cells/3/status: ..."); empty when it obeys the schema.
std::vector<std::string> schema_problems(const nlohmann::json& schema, const nlohmann::json& instance);

}  // namespace xover::testing
