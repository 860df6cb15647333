// Streams that are printed.
#pragma once

#include "pipertd/reason.h"

namespace example {

/// Has SIGINT and SIGTERM end the program well: they are how a stream is left.
void EndWhenInterrupted();

/// Says that the daemon is away.
void SayWaiting(const pipertd::CallError& error);

}  // namespace example
