// What a kernel address belongs to, as far as moving payload goes: from the symbols in /proc/kallsyms and a table of
// the routines that copy payload or pin its pages, by name, over the kernel versions in use.
#pragma once

#include <cstdint>
#include <istream>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace xover {

enum class KernelRoutine : std::uint8_t {
  other,
  copying,  // moves payload between user memory and socket buffers, or between socket buffers
  pinning,  // takes and releases user pages for zero-copy, and queues or reads its notifications
};

KernelRoutine routine_of_symbol(std::string_view symbol);

class KernelSymbols {
 public:
  // Text in the form of /proc/kallsyms. Fails when it holds no addresses, which is how the kernel hides them.
  static Result<KernelSymbols> parse(std::istream& kallsyms);
  // Of the running kernel; read once per process (about 0.1 s), from any thread.
  static const Result<KernelSymbols>& running();

  KernelRoutine routine_at(std::uint64_t address) const;

 private:
  // Where a run of symbols of one kind starts; it ends where the next one does.
  struct Run {
    std::uint64_t address = 0;
    KernelRoutine routine = KernelRoutine::other;
  };

  std::vector<Run> runs_;  // ascending
};

}  // namespace xover
