#include "example/json.h"

#include <google/protobuf/util/json_util.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>

#include "program/utf8.h"

namespace example {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

/// As short as it can be read back.
std::string Number(double value) {
  if (!std::isfinite(value)) {
    return std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
  }
  const bool is_tiny = value != 0 && std::abs(value) < 1e-4;
  const auto format = is_tiny ? std::chars_format::scientific : std::chars_format::fixed;
  std::array<char, 400> digits{};  // the largest number has 309
  const double unsigned_zero = value == 0 ? 0 : value;
  const auto end = std::to_chars(digits.begin(), digits.end(), unsigned_zero, format).ptr;
  return {digits.begin(), end};
}

std::string Escape(char32_t unit) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(unit));
  return text.data();
}

std::string Escaped(char32_t code) {
  static const std::map<char32_t, std::string_view> kShort = {
      {U'"', "\\\""}, {U'\\', "\\\\"}, {U'\b', "\\b"}, {U'\f', "\\f"},
      {U'\n', "\\n"}, {U'\r', "\\r"},  {U'\t', "\\t"}};
  if (const auto found = kShort.find(code); found != kShort.end()) {
    return std::string(found->second);
  }
  if (code >= 0x10000) {  // as UTF-16 has it
    return Escape(0xD800 + ((code - 0x10000) >> 10)) + Escape(0xDC00 + (code & 0x3FF));
  }
  return code >= 0x20 && code < 0x80 ? std::string(1, static_cast<char>(code)) : Escape(code);
}

std::string Quoted(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    const auto [code, length] = program::FirstCharacter(text);
    result += Escaped(code);
    text.remove_prefix(length);
  }
  return result + '"';
}

std::string List(const ListValue& list) {
  std::string result;
  for (const auto& each : list.values()) {
    result += (result.empty() ? "" : ", ") + WriteJson(each);
  }
  return "[" + result + "]";
}

std::string Object(const Struct& object) {
  std::string result;
  for (const auto& [name, value] : std::map(object.fields().begin(), object.fields().end())) {
    result += (result.empty() ? "" : ", ") + Quoted(name) + ": " + WriteJson(value);
  }
  return "{" + result + "}";
}

}  // namespace

Value ParseJson(const std::string& text) {
  Value value;
  if (!google::protobuf::util::JsonStringToMessage(text, &value).ok()) {
    value.set_string_value(text);
  }
  return value;
}

std::string WriteJson(const Value& value) {
  switch (value.kind_case()) {
    case Value::kNumberValue:
      return Number(value.number_value());
    case Value::kStringValue:
      return Quoted(value.string_value());
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kListValue:
      return List(value.list_value());
    case Value::kStructValue:
      return Object(value.struct_value());
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      break;
  }
  return "null";
}

}  // namespace example
