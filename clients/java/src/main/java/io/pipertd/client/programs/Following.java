package io.pipertd.client.programs;

import io.grpc.StatusException;
import io.pipertd.client.Connection;
import io.pipertd.client.Feed;
import io.pipertd.client.Refusal;
import io.pipertd.client.Resuming;

/** Reads a feed until the program is interrupted. */
final class Following {
    private Following() {}

    static void follow(Connection connection, Feed<?> feed) throws StatusException, InterruptedException {
        // A signal is the usual end: the exit code is 0, and nothing is said.
        var end = new Thread(() -> Runtime.getRuntime().halt(0));
        Runtime.getRuntime().addShutdownHook(end);
        try {
            new Resuming<>(connection, feed, Following::tell).read();
        } finally {
            Runtime.getRuntime().removeShutdownHook(end);
        }
    }

    private static void tell(Refusal lost) {
        Terminal.complain(Example.NAME, "waiting for the daemon: " + lost.message());
    }
}
