// `xover explain`: what a transport does with a byte, who copies it, and a short measured proof.
#pragma once

#include <string>

namespace xover {

// `transport` as in --transports, for one transport only.
int explain_command(const std::string& transport);

}  // namespace xover
