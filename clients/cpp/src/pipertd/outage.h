// What a stream does about a connection that is lost.
#pragma once

#include <functional>
#include <random>

#include "pipertd/reason.h"

namespace pipertd {

/// The time from the loss of a stream's connection until a daemon answers again.
class Outage {
 public:
  using OnLost = std::function<void(const CallError&)>;

  /// `on_lost` is told of each loss, once.
  explicit Outage(OnLost on_lost);

  /// The daemon answered.
  void IsOver();

  /// Whether it has ever answered.
  bool has_connected() const { return has_connected_; }

  /// Waits before the stream is asked for again.
  ///
  /// Throws the error where that would not help: it is no outage, or the daemon has never answered.
  void Wait(const CallError& error);

 private:
  OnLost on_lost_;
  bool has_connected_ = false;
  int tries_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace pipertd
