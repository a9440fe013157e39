// The cpu-clock event and its ring, read after the sample: perf_event_open(2), "MMAP layout".
#include "harness/measurement/address_sampler.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <utility>

namespace xover {

namespace {

// No divisor of any timer tick, or the samples would march in step with the scheduler.
constexpr std::uint64_t period_ns = 197'000;
// Room for 32768 samples: 6 s. It stays within kernel.perf_event_mlock_kb (516 by default), so that users without
// privileges may have it.
constexpr std::size_t ring_bytes = 512 << 10;

std::size_t control_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

struct SampleRecord {
  perf_event_header header;
  std::uint64_t address;
};

// Linux 6.0 can tell how many samples were lost; older kernels refuse the question.
Result<PerfEvent> open_event() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_CPU_CLOCK;
  attributes.sample_period = period_ns;
  attributes.sample_type = PERF_SAMPLE_IP;
  attributes.read_format = PERF_FORMAT_LOST;
  attributes.disabled = 1;
  auto event = PerfEvent::open(attributes);
  if (event || event.error().errno_value != EINVAL) return event;
  attributes.read_format = 0;
  return PerfEvent::open(attributes);
}

}  // namespace

Result<AddressSampler> AddressSampler::open() {
  auto event = open_event();
  if (!event) return tl::make_unexpected(std::move(event.error()));
  void* ring = mmap(nullptr, control_bytes() + ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, event->fd(), 0);
  if (ring == MAP_FAILED) {
    return system_error("map the ring of perf samples", "512 KiB for each thread",
                        "raise kernel.perf_event_mlock_kb or `ulimit -l`");
  }
  return AddressSampler(std::move(*event), static_cast<std::byte*>(ring));
}

AddressSampler::AddressSampler(AddressSampler&& other) noexcept
    : event_(std::move(other.event_)),
      ring_(std::exchange(other.ring_, nullptr)),
      lost_at_begin_(other.lost_at_begin_) {}

AddressSampler& AddressSampler::operator=(AddressSampler&& other) noexcept {
  std::swap(event_, other.event_);
  std::swap(ring_, other.ring_);
  std::swap(lost_at_begin_, other.lost_at_begin_);
  return *this;
}

AddressSampler::~AddressSampler() {
  if (ring_ != nullptr) munmap(ring_, control_bytes() + ring_bytes);
}

void AddressSampler::begin() {
  lost_at_begin_ = lost_so_far();
  ioctl(event_.fd(), PERF_EVENT_IOC_ENABLE, 0);
}

AddressSamples AddressSampler::end() {
  ioctl(event_.fd(), PERF_EVENT_IOC_DISABLE, 0);
  AddressSamples samples;
  drain(samples);
  samples.lost = lost_so_far() - lost_at_begin_;
  return samples;
}

// The event is off, so the head stands still; acquire and release are the order that the kernel asks of readers.
void AddressSampler::drain(AddressSamples& samples) {
  auto* control = reinterpret_cast<perf_event_mmap_page*>(ring_);
  const std::byte* data = ring_ + control_bytes();
  const std::uint64_t head = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  std::uint64_t tail = control->data_tail;
  samples.addresses.reserve((head - tail) / sizeof(SampleRecord));
  while (tail < head) {
    // Records are multiples of 8 bytes and so is the ring: a header never wraps round its end, an address may follow.
    perf_event_header header;
    std::memcpy(&header, data + tail % ring_bytes, sizeof header);
    if (header.size == 0) break;
    if (header.type == PERF_RECORD_SAMPLE) {
      std::uint64_t address;
      std::memcpy(&address, data + (tail + sizeof header) % ring_bytes, sizeof address);
      samples.addresses.push_back(address);
    }
    tail += header.size;
  }
  std::atomic_ref(control->data_tail).store(head, std::memory_order_release);
}

std::uint64_t AddressSampler::lost_so_far() const {
  struct {
    std::uint64_t value, lost;
  } counts{};
  return ::read(event_.fd(), &counts, sizeof counts) == static_cast<ssize_t>(sizeof counts) ? counts.lost : 0;
}

}  // namespace xover
