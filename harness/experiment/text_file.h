// Reading a file that a person named, whatever it turns out to be.
#pragma once

#include <string>

#include "core/error.h"

namespace xover {

// The bytes of a regular file of at most 1 MiB. Folders, devices and pipes are refused, and never waited for.
Result<std::string> read_text_file(const std::string& path);

}  // namespace xover
