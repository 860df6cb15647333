// Streams that outlive their daemon.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <utility>

#include "pipertd/connect.h"
#include "pipertd/outage.h"
#include "pipertd/reason.h"

namespace pipertd {

template <typename Response>
using Open = std::function<std::unique_ptr<grpc::ClientReader<Response>>(grpc::ClientContext&)>;

template <typename Response>
using Take = std::function<void(const Response&)>;

/// Reads a stream to its end. Throws CallError where that is none.
template <typename Response>
void Read(const Open<Response>& open, const Take<Response>& take) {
  Context context;
  const auto reader = open(context);
  for (Response response; reader->Read(&response);) {
    take(response);
  }
  Check(reader->Finish());
}

/// Reads a stream for as long as it lasts; where the connection is lost, it is opened again.
///
/// `take` moves on what `open` asks for, behind each response: then there is no gap and no double.
///
/// Throws CallError where the first connection fails, or the daemon refuses.
template <typename Response>
void Follow(const Open<Response>& open, const Take<Response>& take, Outage::OnLost on_lost) {
  Outage outage(std::move(on_lost));
  const Take<Response> take_on = [&](const Response& response) {
    outage.IsOver();
    take(response);
  };
  const Open<Response> open_on = [&](grpc::ClientContext& context) {
    // gRPC works on a connection while a thread waits in a call; between calls it looks every 5 s
    // only, and a handshake with TLS, which takes several looks, is never done in time.
    context.set_wait_for_ready(outage.has_connected());
    return open(context);
  };
  for (;;) {
    try {
      return Read(open_on, take_on);
    } catch (const CallError& error) {
      outage.Wait(error);
    }
  }
}

}  // namespace pipertd
