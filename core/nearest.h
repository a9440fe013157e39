// The nearest valid name for a misspelt one, for error messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace xover {

// The candidate with the smallest edit distance (a swap of neighbours counts one, upper and lower case are the same),
// if it is near enough to be meant: at most a third of the name's length or 2, whichever is more, and never everything
// changed. Of equals the first; empty when none is near.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace xover
