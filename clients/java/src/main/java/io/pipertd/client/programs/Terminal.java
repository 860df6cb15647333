package io.pipertd.client.programs;

import io.grpc.StatusException;
import io.pipertd.client.Refusal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** What a program says, in UTF-8 whatever the locale is. */
final class Terminal {
    private static final FileOutputStream OUT = new FileOutputStream(FileDescriptor.out);
    private static final PrintStream ERR =
            new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);

    private Terminal() {}

    /** A line, at once; UncheckedIOException where it cannot be written. */
    static void print(String line) {
        try {
            OUT.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static void complain(String program, String text) {
        ERR.println(program + ": " + Harmless.inALine(text));
    }

    static void complain(String program, StatusException error) {
        complain(program, show(Refusal.of(error)));
    }

    static String show(Refusal refusal) {
        return refusal.reason() + ": " + refusal.message();
    }
}
