// HMAC-SHA256 by OpenSSL's libcrypto: what proofs, session keys and the tags of frames are made of.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "harness/remote/key_file.h"

namespace xover {

inline constexpr std::size_t tag_bytes = 32;
using Tag = std::array<unsigned char, tag_bytes>;

// Over the parts, one right behind the other: the caller sees to it that their lengths are fixed or said. Ends the
// process if libcrypto has no HMAC-SHA256 or no memory, since nothing may go on unproven. Any thread.
Tag hmac_sha256(const Key& key, std::initializer_list<std::string_view> parts);

// The same bytes as a key, with no copy of them left behind.
Key derived_key(const Key& key, std::initializer_list<std::string_view> parts);

// In constant time; false as well when `bytes` are not as long as a tag.
bool is_tag(const Tag& expected, std::string_view bytes);

inline std::string_view view_of(const Tag& tag) { return {reinterpret_cast<const char*>(tag.data()), tag.size()}; }

}  // namespace xover
