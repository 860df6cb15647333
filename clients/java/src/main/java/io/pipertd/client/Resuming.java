package io.pipertd.client;

import io.grpc.StatusException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/** Reads a feed to its end, also when the daemon goes and comes again: no answer is missed, and none is read twice. */
public final class Resuming<T> {
    private static final long FIRST_PAUSE_MS = 50;
    private static final long LONGEST_PAUSE_MS = 2000;

    private final Connection connection;
    private final Feed<T> feed;
    private final Consumer<Refusal> onLost;
    private boolean wasConnected;
    private boolean isLost;
    private long pauseMs = FIRST_PAUSE_MS;

    /** {@code onLost} is told once of each loss. */
    public Resuming(Connection connection, Feed<T> feed, Consumer<Refusal> onLost) {
        this.connection = connection;
        this.feed = feed;
        this.onLost = onLost;
    }

    /**
     * Returns when the daemon ends the stream.
     *
     * @throws StatusException the daemon refuses, or cannot be reached from the beginning
     */
    public void read() throws StatusException, InterruptedException {
        while (true) {
            try {
                readOnce();
                return;
            } catch (StatusException error) {
                if (!wasConnected || !isPassing(error)) {
                    throw error;
                }
                pause(error);
            }
            connection.connectNow();
        }
    }

    private void readOnce() throws StatusException, InterruptedException {
        var call = feed.ask();
        for (T answer = call.read(); answer != null; answer = call.read()) {
            wasConnected = true;
            isLost = false;
            pauseMs = FIRST_PAUSE_MS;
            feed.read(answer);
        }
    }

    /** At random, lest all clients come at once. */
    private void pause(StatusException error) throws InterruptedException {
        if (!isLost) {
            onLost.accept(Refusal.of(error));
        }
        isLost = true;
        Thread.sleep(ThreadLocalRandom.current().nextLong(pauseMs / 2, pauseMs));
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }

    /** Whether the daemon is away for now, or has no room for a stream. */
    private static boolean isPassing(StatusException error) {
        return switch (error.getStatus().getCode()) {
            case UNAVAILABLE, RESOURCE_EXHAUSTED -> true;
            default -> false;
        };
    }
}
