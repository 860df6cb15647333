#include "program/harmless.h"

#include <array>
#include <cstdio>

#include "program/utf8.h"

namespace program {
namespace {

bool IsWithin(char32_t code, char32_t least, char32_t most) {
  return least <= code && code <= most;
}

/// Controls, breaks of lines, and the marks of direction of https://trojansource.codes.
bool Steers(char32_t code) {
  return (code < 0x20 && code != U'\n' && code != U'\t') || IsWithin(code, 0x7F, 0x9F) ||
         code == 0x061C || code == 0x200E || code == 0x200F || IsWithin(code, 0x2028, 0x202E) ||
         IsWithin(code, 0x2066, 0x2069);
}

std::string Shown(char32_t code) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), code < 0x100 ? "\\x%02x" : "\\u%04x",
                static_cast<unsigned>(code));
  return escape.data();
}

std::string Replaced(std::string text, char what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, 1, by);
  }
  return text;
}

}  // namespace

std::string Harmless(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto [code, length] = FirstCharacter(text);
    result += Steers(code) ? Shown(code) : std::string(text.substr(0, length));
    text.remove_prefix(length);
  }
  return result;
}

std::string SetOff(std::string_view text) {
  std::string result;
  const std::string all = Harmless(text);
  for (std::size_t at = 0; at < all.size(); ++at) {
    result += all[at];
    if (all[at] == '\n' && !(at + 1 < all.size() && all[at + 1] == '\n')) {
      result += "  ";
    }
  }
  return result;
}

std::string InALine(std::string_view text) {
  return Replaced(Replaced(Harmless(text), '\n', "\\n"), '\t', "\\t");
}

}  // namespace program
