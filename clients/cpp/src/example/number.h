// Numbers on the command line.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "program/command_line.h"

namespace example {

/// Reads a whole number that is not less than `least`. Throws UsageError where it is none.
template <std::integral Number>
Number ParseNumber(std::string_view text, Number least) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least) {
    throw program::UsageError("cannot read '" + std::string(text) +
                              "': it is a whole number from " + std::to_string(least) + " on");
  }
  return number;
}

}  // namespace example
