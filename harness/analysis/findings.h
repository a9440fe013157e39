// Findings: the claims of a paper, each held against this run.
//
// "yes" and "no" need a verdict, or two intervals that do not touch. What this run cannot separate, did not measure or
// has no counter for is "not here", with the reason in the figure.
#pragma once

#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// By document.plan.findings: "pa02", "uvm", "ladder", "page_pinning", "sdp2006"; none for anything else. Needs
// summarise() and compare() before.
std::vector<Finding> findings_for(const ResultDocument& document);

// The three tables, each a paper's claims in its own order.
std::vector<Finding> pa02_findings(const ResultDocument& document);
std::vector<Finding> uvm_findings(const ResultDocument& document);
std::vector<Finding> sdp2006_findings(const ResultDocument& document);
// Each variant against the one that differs by a copy: which copy went, by the ledgers, and what that brought.
std::vector<Finding> ladder_findings(const ResultDocument& document);
// What pages of 2 MiB take off each path that lends memory, and so what pinning pages costs it.
std::vector<Finding> page_pinning_findings(const ResultDocument& document);

}  // namespace xover
