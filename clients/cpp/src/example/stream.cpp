#include "example/stream.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "program/harmless.h"

namespace example {

void EndWhenInterrupted() {
  // At once: every line is flushed, and the daemon sees a stream end when its connection does.
  for (const int signal : {SIGINT, SIGTERM}) {
    std::signal(signal, [](int) { std::_Exit(EXIT_SUCCESS); });
  }
}

void SayWaiting(const pipertd::CallError& error) {
  std::cerr << "example: waiting for the daemon: " << program::InALine(error.what()) << '\n';
}

}  // namespace example
