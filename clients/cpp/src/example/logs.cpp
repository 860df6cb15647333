#include <algorithm>
#include <array>
#include <cctype>
#include <iomanip>
#include <sstream>
#include <utility>

#include "example/clock.h"
#include "example/commands.h"
#include "example/number.h"
#include "example/stream.h"
#include "example/target.h"
#include "pipertd/follow.h"
#include "pipertd/v1/log.grpc.pb.h"
#include "program/harmless.h"
#include "program/program.h"

namespace example {
namespace {

namespace v1 = pipertd::v1;

constexpr int kLevelWidth = 8;
constexpr std::array<std::pair<std::string_view, int>, 5> kLevels = {
    {{"DEBUG", 10}, {"INFO", 20}, {"WARNING", 30}, {"ERROR", 40}, {"CRITICAL", 50}}};

int ParseLevel(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char each) { return std::toupper(each); });
  const auto* const level =
      std::ranges::find(kLevels, name, &std::pair<std::string_view, int>::first);
  if (level == kLevels.end()) {
    throw program::UsageError("cannot show level '" + name +
                              "': it is one of debug, info, warning, error, critical");
  }
  return level->second;
}

std::string LevelName(int number) {
  const auto* const level =
      std::ranges::find(kLevels, number, &std::pair<std::string_view, int>::second);
  return level == kLevels.end() ? "Level " + std::to_string(number) : std::string(level->first);
}

v1::ReadLogsRequest RequestOf(const program::CommandLine& line) {
  v1::ReadLogsRequest request;
  request.set_level(line.Has("level") ? ParseLevel(line.Value("level")) : 0);
  request.set_limit(ParseNumber<std::int32_t>(line.Value("n", "100"), 0));
  request.set_follow(line.Has("follow"));
  if (line.words().size() > 1) {
    *request.mutable_target() = ParseTarget(line.words()[1]);
  }
  return request;
}

/// Who logged it: PIPELINE/FLOW/ROUTINE, as far as it is known.
std::string Author(const v1::LogRecord& record) {
  std::string author;
  for (const auto& part : {record.pipeline(), record.flow(), record.routine()}) {
    if (!part.empty()) {
      author += (author.empty() ? "" : "/") + part;
    }
  }
  return author.empty() ? "pipertd" : author;
}

void Print(const v1::LogRecord& record) {
  std::ostringstream text;
  text << Clock(record.time()) << ' ' << std::left << std::setw(kLevelWidth)
       << (record.source() == "log" ? LevelName(record.level()) : "-") << ' ' << Author(record)
       << ": " << record.message();
  if (!record.exception().empty()) {
    const auto end = record.exception().find_last_not_of(" \t\r\n\f\v");
    text << '\n' << record.exception().substr(0, end + 1);
  }
  program::PrintLine(program::SetOff(text.str()));
}

}  // namespace

int Logs(const program::CommandLine& line) {
  auto request = RequestOf(line);
  const auto stub = v1::LogService::NewStub(line.Connect());
  const pipertd::Open<v1::ReadLogsResponse> open = [&](grpc::ClientContext& context) {
    return stub->ReadLogs(&context, request);
  };
  const pipertd::Take<v1::ReadLogsResponse> take = [&](const v1::ReadLogsResponse& response) {
    if (response.has_record()) {
      Print(response.record());
      request.set_cursor(response.record().cursor());
    } else if (response.has_progress()) {
      request.set_cursor(response.progress().cursor());
    }
  };
  if (!request.follow()) {
    pipertd::Read(open, take);
    return 0;
  }
  EndWhenInterrupted();
  pipertd::Follow(open, take, SayWaiting);
  return 0;
}

}  // namespace example
