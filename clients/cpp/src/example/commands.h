// The commands of the example, each in a file of its own.
#pragma once

#include <chrono>

#include "program/command_line.h"

namespace example {

/// What a call has to be answered in; streams have no end.
inline constexpr std::chrono::minutes kCallTimeout{1};

/// Prints tables of flows and links.
int Status(const program::CommandLine& line);

/// Prints notices as they happen, until interrupted.
int Watch(const program::CommandLine& line);

/// Prints records of the log; with --follow until interrupted.
int Logs(const program::CommandLine& line);

/// Notifies an event, and prints the answers.
int Event(const program::CommandLine& line);

}  // namespace example
