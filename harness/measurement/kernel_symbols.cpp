// The table of routines, and the search by address.
#include "harness/measurement/kernel_symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/measurement/system_file.h"

namespace xover {

namespace {

// Names without leading underscores and without what the compiler puts behind a dot; '*' stands for any ending.
// copy_from_user and copy_to_user are not here: they carry arguments such as msghdr, not payload.
constexpr std::array<std::string_view, 27> copying{"copy_from_iter*",
                                                   "copy_to_iter*",
                                                   "copy_page_from_iter*",
                                                   "copy_page_to_iter*",
                                                   "simple_copy_to_iter",
                                                   "copyin",
                                                   "copyout",
                                                   "rep_movs_alternative",
                                                   "copy_user_generic*",
                                                   "copy_user_enhanced_fast_string",
                                                   "copy_user_fast_string",
                                                   "copy_user_nocache",
                                                   "arch_copy_from_user",
                                                   "arch_copy_to_user",
                                                   "csum_and_copy_*",
                                                   "csum_partial_copy_*",
                                                   "skb_copy_datagram_*",
                                                   "skb_copy_and_c*",
                                                   "skb_copy_bits",
                                                   "skb_copy_ubufs",
                                                   "skb_datagram_iter",
                                                   "memcpy",
                                                   "memcpy_orig",
                                                   "memcpy_erms",
                                                   "memmove",
                                                   "pi_memcpy*",
                                                   "copy_page"};

constexpr std::array<std::string_view, 22> pinning{"gup_*",
                                                   "get_user_pages*",
                                                   "internal_get_user_pages_fast",
                                                   "pin_user_pages*",
                                                   "unpin_user_*",
                                                   "try_grab_folio*",
                                                   "try_get_folio",
                                                   "follow_page_*",
                                                   "iov_iter_get_pages*",
                                                   "iov_iter_extract_*",
                                                   "zerocopy_sg_from_iter",
                                                   "zerocopy_fill_skb_from_iter",
                                                   "skb_zerocopy_iter_stream",
                                                   "msg_zerocopy_*",
                                                   "sock_zerocopy_*",
                                                   "skb_zcopy_*",
                                                   "mm_account_pinned_pages",
                                                   "mm_unaccount_pinned_pages",
                                                   "sock_queue_err_skb",
                                                   "sock_dequeue_err_skb",
                                                   "io_sg_from_iter*",
                                                   "io_notif_*"};

bool matches(std::string_view symbol, std::string_view pattern) {
  if (pattern.back() != '*') return symbol == pattern;
  return symbol.starts_with(pattern.substr(0, pattern.size() - 1));
}

struct Symbol {
  std::uint64_t address = 0;
  KernelRoutine routine = KernelRoutine::other;
};

// A line is "ffffffff81000000 T _stext [module]"; only code is of interest.
bool read_code_symbol(const std::string& line, Symbol& symbol) {
  std::istringstream words(line);
  std::string type, name;
  words >> std::hex >> symbol.address >> type >> name;
  if (!words || type.size() != 1 || std::string_view("tTwW").find(type[0]) == std::string_view::npos) return false;
  symbol.routine = routine_of_symbol(name);
  return true;
}

}  // namespace

KernelRoutine routine_of_symbol(std::string_view symbol) {
  symbol.remove_prefix(std::min(symbol.find_first_not_of('_'), symbol.size()));
  symbol = symbol.substr(0, symbol.find('.'));
  const auto matching = [&](std::string_view pattern) { return matches(symbol, pattern); };
  if (std::any_of(copying.begin(), copying.end(), matching)) return KernelRoutine::copying;
  if (std::any_of(pinning.begin(), pinning.end(), matching)) return KernelRoutine::pinning;
  return KernelRoutine::other;
}

Result<KernelSymbols> KernelSymbols::parse(std::istream& kallsyms) {
  std::vector<Symbol> symbols;
  for (std::string line; std::getline(kallsyms, line);) {
    if (Symbol symbol; read_code_symbol(line, symbol) && symbol.address != 0) symbols.push_back(symbol);
  }
  if (symbols.empty()) {
    return make_error(ErrorCode::not_permitted, "read kernel symbols",
                      fmt::format("/proc/kallsyms shows no addresses (kernel.kptr_restrict is {})",
                                  read_first_line("/proc/sys/kernel/kptr_restrict").value_or("absent")),
                      "as root: sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1");
  }
  // Of several names for one address, one that says something comes last and so gets the word.
  std::sort(symbols.begin(), symbols.end(), [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : a.routine < b.routine;
  });
  KernelSymbols result;
  for (const Symbol& symbol : symbols) {
    auto& runs = result.runs_;
    if (!runs.empty() && runs.back().address == symbol.address) {
      runs.back().routine = symbol.routine;
    } else if (runs.empty() || runs.back().routine != symbol.routine) {
      runs.push_back({symbol.address, symbol.routine});
    }
  }
  return result;
}

const Result<KernelSymbols>& KernelSymbols::running() {
  static const Result<KernelSymbols> symbols = [] {
    std::ifstream kallsyms("/proc/kallsyms");
    return parse(kallsyms);
  }();
  return symbols;
}

KernelRoutine KernelSymbols::routine_at(std::uint64_t address) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), address,
                                      [](std::uint64_t value, const Run& run) { return value < run.address; });
  return after == runs_.begin() ? KernelRoutine::other : std::prev(after)->routine;
}

}  // namespace xover
