// Complaints about what a person wrote. All of them have one shape, so that they read alike: the place, what is wrong
// there, and what was expected or is near to it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/quote.h"  // what a person wrote is quoted in every complaint

namespace xover {

// `where`: "quick.toml:3:7", "--sizes". May be empty when the caller's caller knows it and adds it with at().
tl::unexpected<Error> bad_input(std::string where, std::string what, std::string remedy = {});

// The same error with the place in front.
tl::unexpected<Error> at(std::string_view where, Error error);

// "did you mean 'size'?" when one name is near, else all that are known.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace xover
