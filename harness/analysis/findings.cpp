// Which table of findings a plan asks for.
#include "harness/analysis/findings.h"

namespace xover {

std::vector<Finding> findings_for(const ResultDocument& document) {
  if (document.plan.findings == "pa02") return pa02_findings(document);
  if (document.plan.findings == "uvm") return uvm_findings(document);
  if (document.plan.findings == "ladder") return ladder_findings(document);
  if (document.plan.findings == "page_pinning") return page_pinning_findings(document);
  if (document.plan.findings == "sdp2006") return sdp2006_findings(document);
  return {};
}

}  // namespace xover
