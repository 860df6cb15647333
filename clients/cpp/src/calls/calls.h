// Every call of the API once, each a function that is named after it, with what came of it in one
// line.
//
// They are made for the pipelines that tests/clients run: the street of the demo, with a flow
// `archive` beside it, and `poison`, which has put messages into quarantine. docs/api.md shows
// them.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

namespace calls {

using Channel = std::shared_ptr<grpc::Channel>;

std::string ListPipelines(const Channel& channel);
std::string GetPipeline(const Channel& channel);
std::string PausePipeline(const Channel& channel);
std::string ResumePipeline(const Channel& channel);
std::string KillPipeline(const Channel& channel);
std::string StopPipeline(const Channel& channel);
std::string StartPipeline(const Channel& channel);
std::string RestartPipeline(const Channel& channel);

std::string CheckDefinitions(const Channel& channel);
std::string PlanReload(const Channel& channel);
std::string Reload(const Channel& channel);
std::string Link(const Channel& channel);
std::string Unlink(const Channel& channel);

std::string NotifyEvent(const Channel& channel);
std::string ListHandlers(const Channel& channel);

std::string ReadLogs(const Channel& channel);

std::string ListMessages(const Channel& channel);
std::string GetMessage(const Channel& channel);
std::string ReadPayload(const Channel& channel);
std::string DropMessage(const Channel& channel);

std::string GetStatus(const Channel& channel);
std::string GetDaemon(const Channel& channel);
std::string WatchNotices(const Channel& channel);

std::string TapLink(const Channel& channel);

}  // namespace calls
