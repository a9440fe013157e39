// The one table of settings: how a plan is carried out, whatever it measures. Keys of [run] in files and flags of
// `xover run` are derived from it.
#pragma once

#include <span>
#include <string_view>

#include "harness/experiment/field.h"
#include "harness/experiment/plan.h"

namespace xover {

using Setting = Field<Plan>;

// In the order in which they are applied: `rounds` also sets max_rounds, which comes behind it.
std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);  // null when there is none

}  // namespace xover
