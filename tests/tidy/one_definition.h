// Types are defined once: of two types of one name in one namespace, the linker keeps the functions of either for both,
// and says nothing.
#pragma once

#include "tests/tidy/source_tree.h"

namespace xover::tidy {

// Types of core, transports and harness, which are one program. Those of an unnamed namespace or within another type
// are their file's own.
Complaints types_defined_twice(const SourceTree& tree);

}  // namespace xover::tidy
