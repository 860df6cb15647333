// Text of others as it may go to a terminal: what would steer it is shown instead of obeyed.
#pragma once

#include <string>
#include <string_view>

namespace program {

/// Text whose control characters are shown; lines and tabs stay.
std::string Harmless(std::string_view text);

/// Harmless text of which the first line alone begins at the edge, so that no other is taken for
/// one of ours.
std::string SetOff(std::string_view text);

/// Harmless text in one line: its line breaks and tabs are shown too.
std::string InALine(std::string_view text);

}  // namespace program
