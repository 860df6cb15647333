#include <iomanip>
#include <sstream>

#include "example/clock.h"
#include "example/commands.h"
#include "example/number.h"
#include "example/stream.h"
#include "example/target.h"
#include "pipertd/follow.h"
#include "pipertd/v1/status.grpc.pb.h"
#include "program/harmless.h"
#include "program/program.h"

namespace example {
namespace {

namespace v1 = pipertd::v1;

constexpr std::int64_t kOnlyNew = -1;
constexpr int kRevisionWidth = 6;

v1::WatchNoticesRequest RequestOf(const program::CommandLine& line) {
  v1::WatchNoticesRequest request;
  request.set_after_revision(line.Has("from") ? ParseNumber<std::int64_t>(line.Value("from"), 1) - 1
                                              : kOnlyNew);
  if (line.words().size() > 1) {
    *request.mutable_target() = ParseTarget(line.words()[1]);
  }
  return request;
}

void Print(const v1::Notice& notice) {
  std::ostringstream text;
  text << std::setw(kRevisionWidth) << notice.revision() << ' ' << Clock(notice.time()) << ' '
       << program::SetOff(notice.kind() + ": " + notice.message());
  program::PrintLine(text.str());
}

/// Has the request ask for what is behind a place.
void MoveBehind(const auto& place, v1::WatchNoticesRequest& request) {
  request.set_epoch(place.epoch());
  request.set_after_revision(place.revision());
}

}  // namespace

int Watch(const program::CommandLine& line) {
  auto request = RequestOf(line);
  const auto stub = v1::StatusService::NewStub(line.Connect());
  EndWhenInterrupted();
  pipertd::Follow<v1::WatchNoticesResponse>(
      [&](grpc::ClientContext& context) { return stub->WatchNotices(&context, request); },
      [&](const v1::WatchNoticesResponse& response) {
        if (response.has_notice()) {
          Print(response.notice());
          MoveBehind(response.notice(), request);
        } else if (response.has_progress()) {
          MoveBehind(response.progress(), request);
        }
      },
      SayWaiting);
  return 0;
}

}  // namespace example
