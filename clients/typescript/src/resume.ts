/** Streams that outlive their daemon. */

import { setTimeout } from "node:timers/promises";
import { ClientError, Status } from "nice-grpc";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * The answers of a stream. When its connection is lost, `ask` is called again, until the daemon answers; it asks behind
 * the last answer. `onLost` is called once for each outage. The first connection must succeed: an address at which
 * nobody answers is an error, not an outage.
 */
export async function* resuming<Answer>(
  ask: () => AsyncIterable<Answer>,
  signal: AbortSignal,
  onLost: (error: ClientError) => void,
): AsyncGenerator<Answer, void, undefined> {
  let connected = false;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      for await (const answer of ask()) {
        connected = true;
        pause = FIRST_PAUSE_MS;
        yield answer;
      }
      return;
    } catch (error) {
      if (!connected || !isPassing(error)) {
        throw error;
      }
      if (pause === FIRST_PAUSE_MS) {
        onLost(error);
      }
    }
    await setTimeout(jittered(pause), undefined, { signal });
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

/** Whether the daemon may answer in a moment: it is gone, or has no room, perhaps because it has not missed us yet. */
function isPassing(error: unknown): error is ClientError {
  return error instanceof ClientError && [Status.UNAVAILABLE, Status.RESOURCE_EXHAUSTED].includes(error.code);
}

/** Lest all clients come back at once. */
function jittered(pause: number): number {
  return pause * (0.5 + Math.random() / 2);
}
