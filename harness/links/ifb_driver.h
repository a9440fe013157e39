// The driver of the link ifb, loaded so that it leaves nothing on the host.
#pragma once

namespace xover {

// Where the driver is a module, the kernel would load it with the first ifb device, and it would make ifb0 and ifb1 in
// the host's namespace. As root, and only where the module is not loaded, runs modprobe(8) with numifbs=0. Blocks for 5
// s at most. That it fails is no error: the driver may be built in, and making the device tells.
void load_ifb_driver();

}  // namespace xover
