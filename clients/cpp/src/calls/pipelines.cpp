// Pipelines: what is there, and starting and stopping it.

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "calls/calls.h"
#include "calls/text.h"
#include "pipertd/connect.h"
#include "pipertd/reason.h"
#include "pipertd/v1/pipeline.grpc.pb.h"

namespace calls {
namespace {

namespace v1 = pipertd::v1;
using pipertd::Check;

const v1::Flow& FlowOf(const v1::Pipeline& pipeline, std::string_view name) {
  return *std::ranges::find(pipeline.flows(), name, &v1::Flow::name);
}

std::string PausedFlows(const v1::Pipeline& pipeline) {
  std::vector<v1::Flow> paused;
  std::ranges::copy_if(pipeline.flows(), std::back_inserter(paused), &v1::Flow::paused);
  return paused.empty() ? "none" : Join(paused, &v1::Flow::name);
}

}  // namespace

std::string ListPipelines(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::ListPipelinesResponse response;
  Check(stub->ListPipelines(&context, v1::ListPipelinesRequest(), &response));
  return Join(response.pipelines(), &v1::Pipeline::name);
}

std::string GetPipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::GetPipelineRequest request;
  request.set_name("street");
  v1::GetPipelineResponse response;
  Check(stub->GetPipeline(&context, request, &response));
  const v1::Pipeline& pipeline = response.pipeline();
  return pipeline.name() + " is " + Name(pipeline.state()) + ", its flows are " +
         Join(pipeline.flows(), &v1::Flow::name);
}

std::string PausePipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::PausePipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::PausePipelineResponse response;
  Check(stub->PausePipeline(&context, request, &response));
  return "paused: " + PausedFlows(response.pipeline());
}

std::string ResumePipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::ResumePipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::ResumePipelineResponse response;
  Check(stub->ResumePipeline(&context, request, &response));
  return "paused: " + PausedFlows(response.pipeline());
}

std::string KillPipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::KillPipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::KillPipelineResponse response;
  Check(stub->KillPipeline(&context, request, &response));
  return "archive " + FlowOf(response.pipeline(), "archive").reason();
}

std::string StopPipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::StopPipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::StopPipelineResponse response;
  Check(stub->StopPipeline(&context, request, &response));
  return "archive is " + Name(FlowOf(response.pipeline(), "archive").state());
}

std::string StartPipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::StartPipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::StartPipelineResponse response;
  Check(stub->StartPipeline(&context, request, &response));
  return response.pipeline().name() + "/archive is up";
}

std::string RestartPipeline(const Channel& channel) {
  const auto stub = v1::PipelineService::NewStub(channel);
  pipertd::Context context;
  v1::RestartPipelineRequest request;
  request.mutable_target()->set_pipeline("street");
  request.mutable_target()->set_flow("archive");
  v1::RestartPipelineResponse response;
  Check(stub->RestartPipeline(&context, request, &response));
  return response.pipeline().name() + "/archive was restarted";
}

}  // namespace calls
