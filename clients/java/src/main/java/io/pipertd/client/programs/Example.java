package io.pipertd.client.programs;

import io.pipertd.client.Connection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The program {@code example}: looks at what a daemon runs, and tells it something. */
@Command(
        name = Example.NAME,
        description = "Look at what a pipertd daemon runs. TARGET is PIPELINE[/FLOW[/ROUTINE]].",
        subcommands = {StatusCommand.class, WatchCommand.class, LogsCommand.class, EventCommand.class},
        mixinStandardHelpOptions = true)
final class Example {
    static final String NAME = "example";

    @Mixin
    private DaemonOptions daemon;

    Connection connect() {
        return daemon.connect();
    }

    public static void main(String[] arguments) {
        System.exit(Program.run(NAME, new Example(), arguments));
    }
}
