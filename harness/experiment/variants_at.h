// From what a person wrote about transports to variants that can be measured at one point: wildcards expanded, ids,
// options and links checked, links and congestion control filled in.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/variant.h"
#include "harness/experiment/experiment_text.h"
#include "harness/experiment/point.h"

namespace xover {

inline constexpr std::size_t most_variants = 256;  // of one point

struct PlacedVariant {
  Variant variant;
  std::string place;
};

// "tcp.*" becomes every transport of that beginning, in the order of transports(). Errors name the place:
// unknown ids (with the nearest), options that do not exist or cannot have that value.
Result<std::vector<PlacedVariant>> parse_variants(std::span<const Placed> texts);

// A known transport of a family of datagrams, or of one of both kinds that is told to send them.
bool sends_datagrams(const Variant& variant);

// Both ends must be in one process: its transport has them so on every link, or its link for every transport.
bool needs_one_process(const Variant& variant);

// What the transport of a variant is opened with at this point: the variant's own options, and those that the whole
// point shares. These are no part of a variant's name: "tcp.send" stays that in tables and sentences.
Result<Options> options_at(const Variant& variant, const Point& point);

struct LinkRule {
  bool link_given = false;  // the point's link counts for every variant: one that does not run on it is an error then,
                            // never moved elsewhere
  bool two_hosts = false;   // there is another host: what names no link goes there where it can
};

// The variants as they run at this point. A variant's own link and options win over the point's. Names within a point
// are unique, because results are told apart by them.
Result<std::vector<Variant>> variants_at(const Point& point, LinkRule rule, std::span<const PlacedVariant> variants);

}  // namespace xover
