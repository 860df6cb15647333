// What a command is aimed at.
#pragma once

#include <string_view>

#include "pipertd/v1/pipeline.pb.h"

namespace example {

/// Reads PIPELINE[/FLOW[/ROUTINE]]. Throws UsageError where it is none.
pipertd::v1::Target ParseTarget(std::string_view text);

}  // namespace example
