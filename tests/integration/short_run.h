// A short `xover run`: two rounds of a few milliseconds, without gate.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace xover::test {

// The arguments of a short run: these, and of how it is measured what they leave open.
std::vector<std::string> short_run_arguments(std::vector<std::string> arguments);

// Carries it out and expects this exit code, a valid result and no process left behind. Returns the result; null when
// there is none.
nlohmann::json short_run(const std::vector<std::string>& arguments, int exit_code = 0);

// Ids of the transports that can run here on their first link, by `xover list`. With `receiver`, only those whose link
// has one. A ring has no interrupt: who runs on one first can only spin.
enum class Receiver : bool { either, needed };
enum class Wait : bool { block, only_spin };
std::vector<std::string> usable_transports(Receiver receiver, Wait wait = Wait::block);

std::string with_commas(const std::vector<std::string>& words);

}  // namespace xover::test
