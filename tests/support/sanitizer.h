// Whether this build is instrumented by a sanitizer: for the few tests whose figures it changes, or that it cannot see
// into.
#pragma once

namespace xover::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool under_thread_sanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#elif defined(__has_feature)
inline constexpr bool under_address_sanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool under_address_sanitizer = false;
#endif

inline constexpr bool under_sanitizer = under_address_sanitizer || under_thread_sanitizer;

// Why a test that leaves the process no descriptor is skipped.
inline constexpr const char* descriptors_needed_by_sanitizer =
    "a sanitizer checks addresses by means of pipes, and takes a shortage of descriptors for a finding";

}  // namespace xover::test
