#include "program/command_line.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "pipertd/connect.h"

namespace program {
namespace {

constexpr int kUnknown = '?';
constexpr int kNoValue = ':';

/// The short form of options, as getopt has it: its first colon has getopt leave it to us to say
/// what is wrong.
std::string LettersOf(const std::vector<option>& options) {
  std::string letters = ":";
  for (const auto& each : options) {
    if (each.val != 0) {
      letters += static_cast<char>(each.val);
      letters += each.has_arg == required_argument ? ":" : "";
    }
  }
  return letters;
}

}  // namespace

CommandLine::CommandLine(int argc, char** argv, std::initializer_list<option> more) {
  std::vector<option> options{{"address", required_argument, nullptr, 0},
                              {"ca", required_argument, nullptr, 0},
                              {"cert", required_argument, nullptr, 0},
                              {"key", required_argument, nullptr, 0}};
  options.insert(options.end(), more);
  const std::string letters = LettersOf(options);
  options.push_back({});  // getopt's end
  int index = 0;
  for (int found;
       (found = getopt_long(argc, argv, letters.c_str(), options.data(), &index)) != -1;) {
    if (found == kUnknown || found == kNoValue) {
      const std::string problem = found == kNoValue ? " needs a value" : " is none";
      throw UsageError(std::string("option ") + argv[optind - 1] + problem);
    }
    const auto given =
        found == 0 ? options.begin() + index : std::ranges::find(options, found, &option::val);
    options_[given->name] = optarg == nullptr ? "" : optarg;
  }
  words_.assign(argv + optind, argv + argc);
}

std::string CommandLine::Value(std::string_view name, std::string_view otherwise) const {
  const auto found = options_.find(name);
  return found == options_.end() ? std::string(otherwise) : found->second;
}

std::string CommandLine::ValueOrVariable(std::string_view name, const char* variable) const {
  const char* const otherwise = std::getenv(variable);
  return Value(name, otherwise == nullptr ? "" : otherwise);
}

std::shared_ptr<grpc::Channel> CommandLine::Connect() const {
  std::string address = ValueOrVariable("address", "PIPERTD_ADDRESS");
  if (address.empty()) {
    address = pipertd::kDefaultAddress;
  }
  const pipertd::Tls files{.ca = ValueOrVariable("ca", "PIPERTD_CA"),
                           .certificate = ValueOrVariable("cert", "PIPERTD_CERT"),
                           .key = ValueOrVariable("key", "PIPERTD_KEY")};
  const int missing = files.ca.empty() + files.certificate.empty() + files.key.empty();
  if (missing != 0 && missing != 3 && !pipertd::IsSocket(address)) {
    throw UsageError("TLS takes all of --ca, --cert and --key");
  }
  try {
    return pipertd::Connect(address, missing == 0 ? std::optional(files) : std::nullopt);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace program
