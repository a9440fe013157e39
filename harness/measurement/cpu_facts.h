// How the CPUs of this host are run: what makes their speed come and go.
#pragma once

#include <map>
#include <string>

namespace xover {

// "smt" as the kernel calls its state, "governor" (several where CPUs differ), "turbo": "on" or "off". What `sys` does
// not tell is left out. Reads a small file for each CPU.
std::map<std::string, std::string> cpu_facts(const std::string& sys = "/sys");

}  // namespace xover
