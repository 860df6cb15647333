package io.pipertd.client;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Mutual TLS, in PEM files.
 *
 * @param ca who signed the daemon's certificate
 * @param certificate says to the daemon who calls
 * @param key the certificate's, as PKCS #8
 */
public record Tls(Path ca, Path certificate, Path key) {
    ChannelCredentials credentials() throws IOException {
        return TlsChannelCredentials.newBuilder()
                .trustManager(ca.toFile())
                .keyManager(certificate.toFile(), key.toFile())
                .build();
    }
}
