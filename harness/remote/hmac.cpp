// HMAC-SHA256 through OpenSSL's EVP_MAC.
#include "harness/remote/hmac.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

namespace xover {

namespace {

[[noreturn]] void give_up(const char* operation) {
  std::fprintf(stderr, "xover: libcrypto: %s failed, so no message can be proven; is OpenSSL 3 installed as a whole?\n",
               operation);
  std::abort();
}

// Looked up once, and never given back, so that it outlives every thread that uses it.
EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  if (algorithm == nullptr) give_up("EVP_MAC_fetch");
  return algorithm;
}

void write_hmac(unsigned char* to, const Key& key, std::initializer_list<std::string_view> parts) {
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(hmac_algorithm()),
                                                                          &EVP_MAC_CTX_free);
  if (!context) give_up("EVP_MAC_CTX_new");
  char digest[] = OSSL_DIGEST_NAME_SHA2_256;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(context.get(), key.bytes.data(), key.bytes.size(), parameters) != 1) give_up("EVP_MAC_init");
  for (const std::string_view part : parts) {
    if (EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) != 1)
      give_up("EVP_MAC_update");
  }
  std::size_t size_bytes = 0;
  if (EVP_MAC_final(context.get(), to, &size_bytes, tag_bytes) != 1 || size_bytes != tag_bytes)
    give_up("EVP_MAC_final");
}

}  // namespace

Tag hmac_sha256(const Key& key, std::initializer_list<std::string_view> parts) {
  Tag tag;
  write_hmac(tag.data(), key, parts);
  return tag;
}

Key derived_key(const Key& key, std::initializer_list<std::string_view> parts) {
  static_assert(key_bytes == tag_bytes);
  Key derived;
  write_hmac(derived.bytes.data(), key, parts);
  return derived;
}

bool is_tag(const Tag& expected, std::string_view bytes) {
  return bytes.size() == expected.size() && CRYPTO_memcmp(expected.data(), bytes.data(), expected.size()) == 0;
}

}  // namespace xover
