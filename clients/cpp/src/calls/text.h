// What comes of a call, in words.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "pipertd/v1/authority.pb.h"
#include "pipertd/v1/definition.pb.h"
#include "pipertd/v1/pipeline.pb.h"

namespace calls {

/// What `text` makes of each of `things`, in one line.
template <typename Things, typename Text>
std::string Join(const Things& things, const Text& text, std::string_view separator = ", ") {
  std::string joined;
  for (const auto& each : things) {
    joined.append(&each == &*things.begin() ? "" : separator).append(std::invoke(text, each));
  }
  return joined;
}

/// Values of enums as people read them, without the name of the enum, which protos write before
/// each.
std::string Name(pipertd::v1::State state);
std::string Name(pipertd::v1::Role role);
std::string Name(pipertd::v1::PlanAction action);

}  // namespace calls
