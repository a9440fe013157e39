// HMAC-SHA256 gives what RFC 4231 says. Its keys are shorter than ours; HMAC fills a key with zeros, so they still fit.
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/remote/hmac.h"

namespace xover {
namespace {

Key key_of(std::string_view bytes) {
  Key key;
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  return key;
}

std::string hex_of(const Tag& tag) {
  std::string hex;
  for (const unsigned char byte : tag) {
    hex.push_back("0123456789abcdef"[byte >> 4]);
    hex.push_back("0123456789abcdef"[byte & 15]);
  }
  return hex;
}

TEST(RemoteHmac, GivesThePublishedAnswers) {
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting.push_back(c);
  struct Published {
    std::string key, data, tag;
  };
  const Published cases[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
  };
  for (const Published& one : cases) EXPECT_EQ(hex_of(hmac_sha256(key_of(one.key), {one.data})), one.tag);
}

TEST(RemoteHmac, TakesPartsAsOneText) {
  const Key key = key_of("a key");
  EXPECT_EQ(hmac_sha256(key, {"one ", "", "text"}), hmac_sha256(key, {"one text"}));
  EXPECT_NE(hmac_sha256(key, {"one text"}), hmac_sha256(key, {"one texT"}));
  EXPECT_NE(hmac_sha256(key, {"one text"}), hmac_sha256(key_of("a kez"), {"one text"}));
}

TEST(RemoteHmac, ATagIsAllOfItsBytes) {
  const Tag tag = hmac_sha256(key_of("a key"), {"text"});
  const std::string right(view_of(tag));
  EXPECT_TRUE(is_tag(tag, right));
  EXPECT_FALSE(is_tag(tag, ""));
  EXPECT_FALSE(is_tag(tag, right + "x"));
  EXPECT_FALSE(is_tag(tag, right.substr(0, tag_bytes - 1)));
  for (std::size_t i = 0; i < tag_bytes; ++i) {
    std::string wrong = right;
    wrong[i] ^= 1;
    EXPECT_FALSE(is_tag(tag, wrong)) << "byte " << i;
  }
}

}  // namespace
}  // namespace xover
