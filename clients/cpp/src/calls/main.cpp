// Makes every call of the API once, and prints what came of each.

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "calls/calls.h"
#include "program/command_line.h"
#include "program/harmless.h"
#include "program/program.h"

namespace {

using Call = std::pair<std::string_view, std::string (*)(const calls::Channel&)>;

/// In the order of clients/python/calls.py.
constexpr std::array kCalls = {
    Call{"GetStatus", calls::GetStatus},
    Call{"GetDaemon", calls::GetDaemon},
    Call{"WatchNotices", calls::WatchNotices},
    Call{"TapLink", calls::TapLink},
    Call{"NotifyEvent", calls::NotifyEvent},
    Call{"ListHandlers", calls::ListHandlers},
    Call{"ReadLogs", calls::ReadLogs},
    Call{"ListMessages", calls::ListMessages},
    Call{"GetMessage", calls::GetMessage},
    Call{"ReadPayload", calls::ReadPayload},
    Call{"DropMessage", calls::DropMessage},
    Call{"ListPipelines", calls::ListPipelines},
    Call{"GetPipeline", calls::GetPipeline},
    Call{"CheckDefinitions", calls::CheckDefinitions},
    Call{"PlanReload", calls::PlanReload},
    Call{"Reload", calls::Reload},
    Call{"PausePipeline", calls::PausePipeline},
    Call{"ResumePipeline", calls::ResumePipeline},
    Call{"KillPipeline", calls::KillPipeline},
    Call{"StopPipeline", calls::StopPipeline},
    Call{"StartPipeline", calls::StartPipeline},
    Call{"RestartPipeline", calls::RestartPipeline},
    Call{"Link", calls::Link},
    Call{"Unlink", calls::Unlink},
};

constexpr std::string_view kUsage =
    "usage: calls [--address ADDRESS] [--ca FILE --cert FILE --key FILE]\n";

}  // namespace

int main(int argc, char** argv) {
  return program::Run("calls", kUsage, [&] {
    const program::CommandLine line(argc, argv, {});
    if (!line.words().empty()) {
      throw program::UsageError("calls takes options only");
    }
    const auto channel = line.Connect();
    for (const auto& [name, call] : kCalls) {
      program::PrintLine(std::string(name) + ": " + program::InALine(call(channel)));
    }
    return 0;
  });
}
