// What a program was called with.
#pragma once

#include <getopt.h>
#include <grpcpp/grpcpp.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace program {

/// Thrown where a program is called as it is not meant.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Options, which may stand anywhere, and the words between them.
class CommandLine {
 public:
  /// Takes `options` beside those that say where the daemon is; `val` of one is its letter, or 0.
  CommandLine(int argc, char** argv, std::initializer_list<option> options);

  bool Has(std::string_view name) const { return options_.contains(name); }

  /// The value of an option, or `otherwise`.
  std::string Value(std::string_view name, std::string_view otherwise = "") const;

  const std::vector<std::string>& words() const { return words_; }

  /// The way to the daemon that the options name, or the environment.
  std::shared_ptr<grpc::Channel> Connect() const;

 private:
  std::string ValueOrVariable(std::string_view name, const char* variable) const;

  std::map<std::string, std::string, std::less<>> options_;
  std::vector<std::string> words_;
};

}  // namespace program
