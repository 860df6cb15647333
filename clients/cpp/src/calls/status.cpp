// The daemon, the snapshot of everything, and the notices behind it.

#include <string>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/status.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

}  // namespace

std::string GetStatus(const Channel& channel) {
  const auto stub = v1::StatusService::NewStub(channel);
  pipertd::Context context;
  v1::GetStatusRequest request;
  request.mutable_target()->set_pipeline("street");
  v1::GetStatusResponse response;
  Check(stub->GetStatus(&context, request, &response));
  const v1::Pipeline& street = response.pipelines(0);
  return std::to_string(street.flows_size()) + " flows, " + std::to_string(street.routines_size()) +
         " routines, " + std::to_string(street.links_size()) + " links";
}

std::string GetDaemon(const Channel& channel) {
  const auto stub = v1::StatusService::NewStub(channel);
  pipertd::Context context;
  v1::GetDaemonResponse response;
  Check(stub->GetDaemon(&context, v1::GetDaemonRequest(), &response));
  const v1::Daemon& daemon = response.daemon();
  return "version " + daemon.version() + ", your role is " + Name(daemon.role());
}

std::string WatchNotices(const Channel& channel) {
  const auto stub = v1::StatusService::NewStub(channel);
  pipertd::Context context;
  v1::WatchNoticesRequest request;
  request.mutable_target()->set_pipeline("poison");
  request.set_after_revision(0);  // from the oldest on
  const auto reader = stub->WatchNotices(&context, request);
  v1::WatchNoticesResponse response;
  while (reader->Read(&response) && response.has_progress()) {
  }
  context.TryCancel();  // one notice is enough
  if (const grpc::Status status = reader->Finish(); !response.has_notice()) {
    throw pipertd::CallError(status);
  }
  return response.notice().kind() + ": " + response.notice().message();
}

}  // namespace calls
