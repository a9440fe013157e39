// rte_eal_init once, in a thread that ends with it: DPDK binds the thread that starts it to one core, and so the
// caller's cores stay as they were. All state is process-wide, as DPDK's is.
#include "transports/dpdk/eal.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <rte_config.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "transports/common/file_descriptor.h"
#include "transports/dpdk/device_facts.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/dpdk/eal_log.h"

namespace xover {

namespace {

// Rings, queues and tables, about 1 MiB for a pool; the pools of mbufs have pages of their own. DPDK takes more huge
// pages as it needs them, but of ordinary ones never more than from the start, which are filled when they are used.
constexpr std::size_t huge_megabytes = 64;
constexpr std::size_t ordinary_megabytes = 256;
constexpr std::size_t locked_megabytes = 64;  // a PCI device has all mapped for its DMA, so filled and locked
// Twice as many must be free, because others want huge pages, too.
constexpr std::size_t wanted_free_bytes = std::size_t{2 * huge_megabytes} << 20;

static_assert(RTE_MAX_ETHPORTS >= most_dpdk_ports);

constexpr const char* limits_remedy = "raise this user's limits of open files and threads (ulimit -n, ulimit -u)";
constexpr const char* memory_remedy = "free memory, or set huge pages aside: sysctl vm.nr_hugepages=128";

struct Start {
  Result<void> outcome;
  std::string memory;
  std::string device;    // the one PCI address that DPDK may look at; empty: none
  std::string messages;  // of a start that went well otherwise
};

std::mutex mutex;
std::optional<Start> start;  // empty before the first call

std::size_t free_huge_bytes() {
  std::size_t pages = 0;
  std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> pages;
  return pages << 21;
}

// "0,2,3" of the calling thread.
std::string allowed_cpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return "0";
  std::string list;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &cpus)) continue;
    if (!list.empty()) list += ',';
    list += std::to_string(cpu);
  }
  return list;
}

std::vector<std::string> arguments_of(bool huge_pages, const std::string& device) {
  const std::size_t memory_megabytes = huge_pages       ? huge_megabytes
                                       : device.empty() ? ordinary_megabytes
                                                        : locked_megabytes;
  std::vector<std::string> arguments{"xover",
                                     "--no-telemetry",
                                     "--iova-mode=va",
                                     "-m",
                                     std::to_string(memory_megabytes),
                                     "--lcores=0@(" + allowed_cpus() + ")"};
  if (huge_pages) {
    arguments.push_back("--in-memory");
  } else {
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  }
  if (device.empty()) {
    arguments.push_back("--no-pci");
  } else {
    arguments.insert(arguments.end(), {"-a", device});
    // DPDK's own choice is MSI-X, whose vectors its driver of e1000e never connects to the receive queue.
    if (has_msi(device)) arguments.push_back("--vfio-intr=msi");
  }
  return arguments;
}

// Where the limit is reached in the middle of the start, a thread of DPDK may end the process.
Result<void> check_descriptors() {
  constexpr std::size_t needed = 16;  // twice as many as it was seen to open
  std::array<FileDescriptor, needed> opened;
  for (FileDescriptor& each : opened) {
    each = FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!each) return system_error("start DPDK", std::to_string(needed) + " open files", limits_remedy);
  }
  return {};
}

// DPDK makes a folder for files that it shares with other processes, although none will share: where this variable
// leads it cannot, says so, and goes on. systemd sets the variable for services, so its value is put back.
class NoRuntimeFolder {
 public:
  NoRuntimeFolder() {
    if (const char* value = std::getenv(name)) before_ = value;
    setenv(name, "/dev/null", 1);
  }
  ~NoRuntimeFolder() {
    if (before_) {
      setenv(name, before_->c_str(), 1);
    } else {
      unsetenv(name);
    }
  }

 private:
  static constexpr const char* name = "RUNTIME_DIRECTORY";
  std::optional<std::string> before_;
};

// DPDK ends the process by abort() where it panics. The way out: the handler leaves abort() by a jump, which
// signal-safety(7) and abort(3) allow, back into the thread that called rte_eal_init. The frames that are jumped over
// are DPDK's, in C, without destructors; locks that they held stay locked, so DPDK is not entered again. An abort of
// any other thread ends the process as it always does.
std::atomic<pid_t> starting_thread{0};
sigjmp_buf before_start;

void leave_abort(int) {
  if (gettid() == starting_thread.load()) siglongjmp(before_start, 1);
  std::signal(SIGABRT, SIG_DFL);  // abort() raises it once more
}

// Runs in the thread that is made for it. Negative: failed; `aborted`: DPDK wanted to end the process.
int call_init(std::vector<char*>& arguments, bool& aborted) {
  struct sigaction handler{};
  struct sigaction previous{};
  handler.sa_handler = leave_abort;
  sigemptyset(&handler.sa_mask);
  sigaction(SIGABRT, &handler, &previous);
  starting_thread = gettid();
  volatile int outcome = -1;
  if (sigsetjmp(before_start, 1) == 0) {
    outcome = rte_eal_init(static_cast<int>(arguments.size()), arguments.data());
  } else {
    aborted = true;
  }
  starting_thread = 0;
  sigaction(SIGABRT, &previous, nullptr);
  return outcome;
}

// 0: DPDK panicked.
tl::unexpected<Error> init_error(int error_number) {
  std::string context = error_number == 0 ? "DPDK gave up" : rte_strerror(error_number);
  if (const std::string said = take_eal_messages(); !said.empty()) context += ": " + said;
  const ErrorCode code = error_number == 0 ? ErrorCode::internal : code_of_errno(error_number);
  const bool limited = error_number == EMFILE || error_number == ENFILE || error_number == EAGAIN;
  return make_error(code, "rte_eal_init", std::move(context), limited ? limits_remedy : memory_remedy);
}

// What DPDK said.
Result<std::string> init(const std::vector<std::string>& arguments) {
  // DPDK keeps pointers into the array and its strings for as long as it runs.
  static std::vector<std::string> texts;
  static std::vector<char*> pointers;
  texts = arguments;
  for (std::string& text : texts) pointers.push_back(text.data());

  int outcome = -1;
  int error_number = 0;
  bool aborted = false;
  {
    const NoRuntimeFolder no_runtime_folder;
    const StandardErrorCatch standard_error;
    keep_eal_messages();
    try {
      std::thread([&] {
        outcome = call_init(pointers, aborted);
        error_number = rte_errno;  // of that thread
      }).join();
    } catch (const std::system_error& refused) {
      error_number = refused.code().value();
    }
  }
  if (outcome >= 0) return take_eal_messages();
  return init_error(aborted ? 0 : error_number);
}

Start start_now(const std::string& device) {
  const bool huge_pages = free_huge_bytes() >= wanted_free_bytes;
  Start made;
  made.device = device;
  made.memory = huge_pages ? "huge pages" : "ordinary pages";
  auto said = init(arguments_of(huge_pages, device));
  if (said) {
    made.messages = std::move(*said);
  } else {
    made.outcome = tl::make_unexpected(std::move(said.error()));
  }
  return made;
}

Result<std::string> device_of(const Link& link, LinkRole role) {
  if (link.name != "pci") return std::string();
  auto names = parse_device_names(link, true);
  if (!names) return tl::make_unexpected(std::move(names.error()));
  return names->at(role);
}

struct EalThread {
  bool registered = rte_thread_register() == 0;
  ~EalThread() {
    if (registered) rte_thread_unregister();
  }
};

}  // namespace

Result<void> start_eal(const Link& link, LinkRole role) {
  auto device = device_of(link, role);
  if (!device) return tl::make_unexpected(std::move(device.error()));
  const std::scoped_lock lock(mutex);
  if (!start) {
    if (auto enough = check_descriptors(); !enough) return enough;
    start = start_now(*device);
  }
  if (!start->outcome || device->empty() || *device == start->device) return start->outcome;
  const std::string now = start->device.empty() ? "without PCI" : "for " + start->device;
  return make_error(ErrorCode::unsupported, "open " + link.text(),
                    "DPDK was started " + now + " in this process, and can be started once",
                    "run this link in a process of its own");
}

std::string eal_memory() {
  const std::scoped_lock lock(mutex);
  return start && start->outcome ? start->memory : std::string();
}

std::string eal_start_messages() {
  const std::scoped_lock lock(mutex);
  return start ? start->messages : std::string();
}

// DPDK's number of a thread is taken back when the thread ends.
void register_with_eal() noexcept {
  if (rte_lcore_id() != LCORE_ID_ANY) return;
  static thread_local const EalThread thread;
  (void)thread;
}

}  // namespace xover
