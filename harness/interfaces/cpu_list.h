// Sets of CPUs as the kernel writes them in /proc and /sys.
#pragma once

#include <string>
#include <vector>

namespace xover {

// "0-3,8" as smp_affinity_list has it, in rising order. Empty where it is no such list.
std::vector<unsigned> parse_cpu_list(const std::string& text);

// "ff,00000001" as rps_cpus has it: hexadecimal words of 32 CPUs, the highest first.
std::vector<unsigned> parse_cpu_mask(const std::string& text);

// "CPU 3", "CPUs 0 to 3, 8".
std::string words_of_cpus(const std::vector<unsigned>& cpus);

}  // namespace xover
