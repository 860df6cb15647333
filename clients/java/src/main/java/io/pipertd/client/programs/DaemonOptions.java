package io.pipertd.client.programs;

import io.pipertd.client.Address;
import io.pipertd.client.Connection;
import io.pipertd.client.Tls;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** Which daemon is meant; may stand before a command or behind it. */
final class DaemonOptions {
    @Option(
            names = "--address",
            scope = ScopeType.INHERIT,
            paramLabel = "ADDRESS",
            defaultValue = "${env:PIPERTD_ADDRESS:-" + Address.DEFAULT + "}",
            description = "/PATH, unix:///PATH or HOST:PORT; else $$PIPERTD_ADDRESS, or " + Address.DEFAULT + ".")
    private String address;

    @Option(
            names = "--ca",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            defaultValue = "${env:PIPERTD_CA}",
            description = "Over TCP: who signed the daemon's certificate, PEM; else $$PIPERTD_CA.")
    private Path ca;

    @Option(
            names = "--cert",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            defaultValue = "${env:PIPERTD_CERT}",
            description = "Over TCP: your certificate, PEM; else $$PIPERTD_CERT.")
    private Path certificate;

    @Option(
            names = "--key",
            scope = ScopeType.INHERIT,
            paramLabel = "FILE",
            defaultValue = "${env:PIPERTD_KEY}",
            description = "Over TCP: the certificate's key, PEM; else $$PIPERTD_KEY.")
    private Path key;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    Connection connect() {
        try {
            var at = Address.parse(address);
            if (at.isSocket() || (ca == null && certificate == null && key == null)) {
                return Connection.to(at);
            }
            if (ca == null || certificate == null || key == null) {
                throw usage("TLS takes all of --ca, --cert and --key");
            }
            return Connection.to(at, new Tls(ca, certificate, key));
        } catch (IllegalArgumentException | IOException error) {
            throw usage(error.getMessage());
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
