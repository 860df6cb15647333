#include "pipertd/outage.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace pipertd {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr Milliseconds kFirstPause{50};
constexpr Milliseconds kLongestPause{2000};
constexpr int kMostDoublings = 6;

/// The daemon is gone or goes, or has no room for a stream now: it may not have missed yet the one
/// that was lost.
bool Passes(const CallError& error) {
  return error.code == grpc::StatusCode::UNAVAILABLE ||
         error.code == grpc::StatusCode::RESOURCE_EXHAUSTED;
}

}  // namespace

Outage::Outage(OnLost on_lost) : on_lost_(std::move(on_lost)) {}

void Outage::IsOver() {
  has_connected_ = true;
  tries_ = 0;
}

void Outage::Wait(const CallError& error) {
  if (!has_connected_ || !Passes(error)) {
    throw error;
  }
  if (tries_ == 0) {
    on_lost_(error);
  }
  const auto pause =
      std::min(kFirstPause * (1 << std::min(tries_++, kMostDoublings)), kLongestPause);
  // At random, lest all clients come at once.
  std::this_thread::sleep_for(pause * std::uniform_real_distribution(0.5, 1.0)(random_));
}

}  // namespace pipertd
