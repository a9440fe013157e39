// `xover list`: every transport on each of its links, whether it can run here, and what would make it.
#pragma once

namespace xover {

int list_command(bool json);

}  // namespace xover
