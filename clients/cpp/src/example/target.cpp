#include "example/target.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <vector>

#include "program/command_line.h"

namespace example {

pipertd::v1::Target ParseTarget(std::string_view text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, '/')) {
    parts.emplace_back(part.begin(), part.end());
  }
  if (parts.empty() || parts.size() > 3 || std::ranges::any_of(parts, &std::string::empty)) {
    throw program::UsageError("cannot read target '" + std::string(text) +
                              "': it is written PIPELINE[/FLOW[/ROUTINE]]");
  }
  parts.resize(3);
  pipertd::v1::Target target;
  target.set_pipeline(parts[0]);
  target.set_flow(parts[1]);
  target.set_routine(parts[2]);
  return target;
}

}  // namespace example
