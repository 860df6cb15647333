// The characters of a text.
#pragma once

#include <string_view>

namespace program {

struct Character {
  char32_t code;
  std::size_t length;  // in bytes
};

/// The first character of a text in UTF-8 that is not empty. A byte that begins none stands for
/// itself.
Character FirstCharacter(std::string_view text);

}  // namespace program
