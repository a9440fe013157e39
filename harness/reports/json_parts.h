// The pieces of the result file that describe one side, one sample or one cell. Only the JSON writers include this.
#pragma once

#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "harness/experiment/result.h"

namespace xover {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they are written: people read these files too

// Does nothing for a figure that is absent or not a number.
void put_figure(Json& object, std::string_view key, std::optional<double> value);
// Bounds that are not numbers are left out. An interval around 0 was never measured and is left out whole.
void put_interval(Json& object, std::string_view key, const Interval& interval);
// Only what is not empty.
void put_text(Json& object, std::string_view key, std::string_view text);

// Every axis by its name: sizes in bytes, durations in nanoseconds.
void put_axes(Json& object, const Point& point);

Json to_json(const Warning& warning);
Json to_json(const RoundRecord& round, const CellResult& cell);
Json to_json(const CellResult& cell, const Point& point);

}  // namespace xover
