// What the driver of an interface says of itself and of how it is set: the part of interface_facts.h behind
// SIOCETHTOOL.
#pragma once

#include <map>
#include <string>

namespace xover {

// Of the calling process's network namespace. What the driver does not tell is left out; empty: no such interface.
std::map<std::string, std::string> driver_facts(const std::string& interface);

}  // namespace xover
