// The choice and the counting of faults; the channel makes them happen.
#include "transports/inproc/faults.h"

namespace xover {

namespace {

Fault fault_named(std::string_view name) {
  if (name == "drop_completion") return Fault::drop_completion;
  if (name == "delay") return Fault::delay;
  if (name == "short_accept") return Fault::short_accept;
  if (name == "peer_death") return Fault::peer_death;
  return Fault::none;
}

}  // namespace

Faults::Faults(const Options& options)
    : fault_(fault_named(options.choice("fault"))),
      at_(static_cast<std::uint64_t>(options.integer("fault_at"))),
      delay_ns_(options.integer("fault_delay_us") * 1000) {}

bool Faults::refuses_next() noexcept {
  if (fault_ != Fault::short_accept || refused_ || accepted_ + 1 != at_) return false;
  refused_ = true;
  return true;
}

Faults::Fate Faults::accepted() noexcept {
  ++accepted_;
  return {.drop_completion = fault_ == Fault::drop_completion && accepted_ == at_,
          .peer_dies = fault_ == Fault::peer_death && accepted_ == at_,
          .delay_ns = fault_ == Fault::delay && accepted_ >= at_ ? delay_ns_ : 0};
}

}  // namespace xover
