package io.pipertd.client;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;

/** A stream that can be asked for again: it knows how far it was read. */
public interface Feed<T> {
    /** Asks for what is behind the last answer that was read. */
    BlockingClientCall<?, T> ask();

    void read(T answer);

    /** Asks once, and reads to the end. */
    default void readAll() throws StatusException, InterruptedException {
        var call = ask();
        for (T answer = call.read(); answer != null; answer = call.read()) {
            read(answer);
        }
    }
}
