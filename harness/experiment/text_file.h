// Reading a file that a person named, whatever it turns out to be.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.h"

namespace xover {

// The bytes of a regular file of at most `largest_bytes`. Folders, devices and pipes are refused, and never waited for.
Result<std::string> read_text_file(const std::string& path, std::size_t largest_bytes = 1 << 20);

}  // namespace xover
