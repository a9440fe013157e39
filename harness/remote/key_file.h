// The secret that both hosts hold, and the file that it is kept in: a comment line and 64 hex digits, readable by its
// owner alone. A key is wiped from memory with the object that holds it. No function prints one, and no error quotes
// what a key file holds.
#pragma once

#include <array>
#include <cstddef>
#include <iosfwd>
#include <string>

#include "core/error.h"

namespace xover {

inline constexpr std::size_t key_bytes = 32;

// A value; each copy wipes itself.
struct Key {
  std::array<unsigned char, key_bytes> bytes{};

  Key() = default;  // as no_key()
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();

  // All bytes are zero: no secret. read_key_file() never gives such a key.
  bool is_none() const;
};

bool operator==(const Key& a, const Key& b);  // in constant time
std::ostream& operator<<(std::ostream&, const Key&) = delete;

// What both ends use where no key is wanted, so that the same code runs there.
Key no_key();

// Makes the file with a new random key. A file that is there already is refused. After an error there is no new file.
// Blocks for the file system only.
Result<void> make_key_file(const std::string& path);

// Refuses what group or others may read, write or execute, and whatever is not exactly one key (ErrorCode::bad_input;
// not_permitted for the rights). Blocks while the file is read: a pipe is one, too.
Result<Key> read_key_file(const std::string& path);

}  // namespace xover
