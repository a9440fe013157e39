// What a run was, in words without layout: what was measured, on which machine, and what was not measured. The terminal
// and the HTML report say it alike.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// "Some CPU, 2 CPUs, Linux 6.18"; empty when nothing is known.
std::string machine_text(const Environment& environment);
// "192.0.2.2:7377: Some CPU, 2 CPUs, Linux 6.18"
std::string peer_text(const PeerHost& peer);
// "3 transports at 4 points, 10 rounds of 200 ms each, 2 starts of the agents"
std::string measured_text(const ResultDocument& document);
std::string gate_text(const ResultDocument& document);
// How a run ended whose budget was spent.
std::string ending_text(const ResultDocument& document);
// That a run was broken off, and why.
std::string broken_off_text(const ResultDocument& document);

// Cells without figures, with cause and remedy: the same trouble of the same transport is told once, with all its
// places.
std::vector<std::string> not_measured_sentences(const ResultDocument& document);

// For sentences of an emulated machine: who quotes one must not lose where it is from.
std::vector<std::string> marked_emulated(std::vector<std::string> sentences);

}  // namespace xover
