// Foreign text in messages: what a user, a file or a peer wrote, made safe to print on one line.
#pragma once

#include <string>
#include <string_view>

namespace xover {

// In single quotes; bytes that are not printable ASCII as \xNN; cut with "..." when long.
std::string in_quotes(std::string_view text);

}  // namespace xover
