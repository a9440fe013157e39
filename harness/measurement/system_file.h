// Small files in which the kernel tells about itself: /proc and /sys.
#pragma once

#include <optional>
#include <string>

namespace xover {

// The first line without its end; nothing when the file cannot be read or is empty.
std::optional<std::string> read_first_line(const std::string& path);

// What stands behind "key   :" or "key=" in a file of such lines, without quotes: the first that matches.
std::optional<std::string> read_field(const std::string& path, const std::string& key);

}  // namespace xover
