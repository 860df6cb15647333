#include "program/program.h"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "pipertd/reason.h"
#include "program/command_line.h"
#include "program/harmless.h"

namespace program {
namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;

}  // namespace

int Run(std::string_view name, std::string_view usage, const std::function<int()>& body) {
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // else gRPC writes lines of its own to stderr
  try {
    return body();
  } catch (const UsageError& error) {
    std::cerr << name << ": " << InALine(error.what()) << '\n' << usage;
    return kMisused;
  } catch (const pipertd::CallError& error) {
    std::cerr << name << ": " << InALine(error.reason + ": " + error.what()) << '\n';
  } catch (const std::exception& error) {
    std::cerr << name << ": " << InALine(error.what()) << '\n';
  }
  return kFailed;
}

void PrintLine(std::string_view line) {
  if (!(std::cout << line << '\n' << std::flush)) {
    throw std::runtime_error("cannot write to stdout");
  }
}

}  // namespace program
