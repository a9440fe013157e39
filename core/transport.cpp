// Names of the words of the transport contract.
#include "core/transport.h"

namespace xover {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::usable: return "usable";
    case Status::not_built: return "not_built";
    case Status::no_device: return "no_device";
    case Status::not_permitted: return "not_permitted";
    case Status::kernel_too_old: return "kernel_too_old";
  }
  return "kernel_too_old";
}

}  // namespace xover
