// Whether a call passes pages or copies them, found out by doing it: a page is passed over a loopback connection and
// changed afterwards. If the change arrives, the receiver was given a reference, for a copy would not have changed.
// Control plane only.
#pragma once

#include <string>

#include "core/error.h"
#include "core/options.h"
#include "transports/files/file_shared.h"

namespace xover {

// The sender's call of a path that lends pages. True: a reference.
Result<bool> sends_by_reference(FilePath path, const Options& options);
// A splice out of a socket into a pipe, of a page that sendfile put there. True: a reference.
Result<bool> splices_out_by_reference(const Options& options);

}  // namespace xover
