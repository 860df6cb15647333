package io.pipertd.client;

import java.net.URI;
import java.net.URISyntaxException;

/**
 * Where a daemon is.
 *
 * @param target as gRPC writes it
 * @param isSocket whether it is a Unix socket of this machine
 */
public record Address(String target, boolean isSocket) {
    public static final String DEFAULT = "unix:///run/pipertd/control.sock";
    private static final int MOST_PORT = 65535; // netty would never answer of a greater one

    /**
     * Reads {@code /PATH}, {@code unix:///PATH} or {@code HOST:PORT}.
     *
     * @throws IllegalArgumentException it is none of these
     */
    public static Address parse(String text) {
        var path = text.startsWith("unix://") ? text.substring("unix://".length()) : text;
        if (path.startsWith("/")) {
            return new Address(uri("unix", path), true);
        }
        if (text.matches("[^/]+:\\d{1,5}") && port(text) <= MOST_PORT) {
            return new Address(uri("dns", "/" + text), false);
        }
        throw new IllegalArgumentException(
                "cannot read address '%s': it is written /PATH, unix:///PATH or HOST:PORT".formatted(text));
    }

    private static int port(String text) {
        return Integer.parseInt(text.substring(text.lastIndexOf(':') + 1));
    }

    /** Where a space, a percent sign or a bracket is written otherwise. */
    private static String uri(String scheme, String path) {
        try {
            return new URI(scheme, "", path, null).toString();
        } catch (URISyntaxException impossible) {
            throw new IllegalArgumentException(impossible);
        }
    }
}
