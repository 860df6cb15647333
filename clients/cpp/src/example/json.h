// JSON, of values that events carry.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <string>

namespace example {

/// Text that is JSON, or else the text itself. What protobuf takes for JSON may also have single
/// quotes, and names without any.
google::protobuf::Value ParseJson(const std::string& text);

/// A value in one line of ASCII, its names in order; whole numbers have no point.
std::string WriteJson(const google::protobuf::Value& value);

}  // namespace example
