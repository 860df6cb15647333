package io.pipertd.client.programs;

import io.grpc.StatusException;
import java.io.UncheckedIOException;
import java.util.logging.LogManager;
import picocli.CommandLine;

/** How both programs end: 0, 1 with an error in one line, or 2 with the usage. */
final class Program {
    private static final int NOBODY_READS = 128 + 13; // as by SIGPIPE

    private Program() {}

    static int run(String name, Object command, String... arguments) {
        // netty logs of each socket that it has no SO_KEEPALIVE; what goes wrong is told below.
        LogManager.getLogManager().reset();
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((error, line, parsed) -> failed(name, error))
                .execute(arguments);
    }

    private static int failed(String name, Exception error) throws Exception {
        if (error instanceof StatusException refused) {
            Terminal.complain(name, refused);
        } else if (error instanceof UncheckedIOException unwritten) {
            var reason = unwritten.getCause().getMessage();
            if (reason.equals("Broken pipe")) { // of who had enough, as head
                return NOBODY_READS;
            }
            Terminal.complain(name, "cannot write the output: " + reason);
        } else {
            throw error;
        }
        return CommandLine.ExitCode.SOFTWARE;
    }
}
