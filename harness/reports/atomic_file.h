// Result files: each appears whole under its name, or not at all. Whoever reads one never sees half of it, and what
// stood under the name before stays until the new text is complete.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace xover {

// Writes into an unnamed file of the same folder, flushes it to the disk, then gives it the name (open(2) O_TMPFILE,
// linkat(2), rename(2)); where the file system cannot do that, into a hidden file beside it. A path that is a symbolic
// link changes the file that it points to; devices and pipes (/dev/stdout) are written straight. May block on the
// disk. On error nothing new is left behind, and an older file is untouched.
Result<void> write_file_whole(const std::string& path, std::string_view text);

// Whether write_file_whole could create this file, found out by opening an unnamed file in its folder: for asking
// before a long run instead of after it. A full disk shows only when the text is written.
Result<void> check_file_writable(const std::string& path);

}  // namespace xover
