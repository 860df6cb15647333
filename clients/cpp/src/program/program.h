// What a program has in common with others: how it ends, and how it prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace program {

/// Runs `body`, and gives its exit code. What it throws is one line on stderr: exit 2 for a
/// UsageError, else 1.
int Run(std::string_view name, std::string_view usage, const std::function<int()>& body);

/// Prints a line at once, also into a pipe. Throws where nobody reads it any more.
void PrintLine(std::string_view line);

}  // namespace program
