#include "program/utf8.h"

#include <algorithm>
#include <bit>

namespace program {

Character FirstCharacter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const int length = std::max(std::countl_one(lead), 1);
  if (length == 1) {
    return {lead, 1};
  }
  const auto rest = text.substr(1, length - 1);
  char32_t code = lead & (0x7F >> length);
  for (const unsigned char each : rest) {
    if ((each & 0xC0) != 0x80) {
      return {lead, 1};
    }
    code = code << 6 | (each & 0x3F);
  }
  return {code, 1 + rest.size()};
}

}  // namespace program
