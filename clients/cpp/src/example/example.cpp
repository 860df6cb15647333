// The pipelines of a daemon: what they do, what happened, what they logged.

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "example/commands.h"
#include "program/command_line.h"
#include "program/program.h"

namespace {

constexpr std::string_view kUsage =
    R"(usage: example [OPTION]... status [TARGET]
       example [OPTION]... watch [TARGET] [--from REVISION]
       example [OPTION]... logs [TARGET] [--follow] [--level LEVEL] [-n N]
       example [OPTION]... event NAME TARGET [KEY=VALUE]...
TARGET is PIPELINE[/FLOW[/ROUTINE]]. Options: --address ADDRESS, --ca FILE --cert FILE --key FILE
)";

struct Command {
  std::string_view name;
  int (*run)(const program::CommandLine&);
  std::size_t least_words;
  std::size_t most_words;
  std::set<std::string_view> options;
};

constexpr auto kAnyNumber = std::numeric_limits<std::size_t>::max();

const std::array kCommands = {
    Command{"status", example::Status, 0, 1, {}},
    Command{"watch", example::Watch, 0, 1, {"from"}},
    Command{"logs", example::Logs, 0, 1, {"follow", "level", "n"}},
    Command{"event", example::Event, 2, kAnyNumber, {}},
};

/// The command that is meant, called as it is meant.
const Command& FindCommand(const program::CommandLine& line) {
  if (line.words().empty()) {
    throw program::UsageError("no command is given");
  }
  const auto& name = line.words().front();
  const auto* const command = std::ranges::find(kCommands, name, &Command::name);
  if (command == kCommands.end()) {
    throw program::UsageError("there is no command '" + name + "'");
  }
  const std::size_t words = line.words().size() - 1;
  if (words < command->least_words || words > command->most_words) {
    throw program::UsageError(name + " takes other arguments");
  }
  for (const std::string_view option : {"from", "follow", "level", "n"}) {
    if (line.Has(option) && !command->options.contains(option)) {
      throw program::UsageError(name + " takes no option " + std::string(option));
    }
  }
  return *command;
}

}  // namespace

int main(int argc, char** argv) {
  return program::Run("example", kUsage, [&] {
    const program::CommandLine line(argc, argv,
                                    {{"from", required_argument, nullptr, 0},
                                     {"follow", no_argument, nullptr, 0},
                                     {"level", required_argument, nullptr, 0},
                                     {"n", required_argument, nullptr, 'n'}});
    return FindCommand(line).run(line);
  });
}
