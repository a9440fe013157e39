// What a result needs to know about the machine it was found on, so that somebody else can judge or repeat it. Nothing
// that names the machine, its user or its folders, and nothing that changes from boot to boot without cause.
#pragma once

#include "harness/experiment/result.h"

namespace xover {

// Facts that cannot be read are left out. Reads some files of /proc and /sys and calibrates the clock: tens of
// milliseconds.
Environment environment();

}  // namespace xover
