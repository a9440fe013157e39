// In place of the data path where liburing was missing: the rows are there and say what to install.
#include "transports/uring/uring_availability.h"
#include "transports/uring/uring_path.h"

namespace xover {

Availability probe_uring(UringPath) { return uring_not_built(); }

Result<std::unique_ptr<Session>> open_uring(const OpenParameters&, UringPath) {
  return tl::make_unexpected(error_of(uring_not_built(), "open"));
}

}  // namespace xover
