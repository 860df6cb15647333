// Times as people read them.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

namespace example {

/// A time of day, local, to the millisecond.
std::string Clock(const google::protobuf::Timestamp& time);

}  // namespace example
