// Names of the substrates, and links as text.
#include "core/link.h"

namespace xover {

std::string_view to_string(Substrate substrate) {
  switch (substrate) {
    case Substrate::hardware: return "hardware";
    case Substrate::emulated_device: return "emulated_device";
    case Substrate::soft_device: return "soft_device";
    case Substrate::same_host_memory: return "same_host_memory";
    case Substrate::simulated: return "simulated";
  }
  return "simulated";
}

std::string Link::text() const {
  std::string text = name;
  if (!argument.empty()) text.append(":").append(argument);
  return text + bracketed(options);
}

}  // namespace xover
