package io.pipertd.client;

import static java.util.concurrent.TimeUnit.SECONDS;

import com.sun.security.auth.module.UnixSystem;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;

/** A way to one daemon. It connects at the first call, and again when it was lost. */
public final class Connection implements AutoCloseable {
    private static final Metadata.Key<String> UID = Metadata.Key.of("pipertd-uid", Metadata.ASCII_STRING_MARSHALLER);
    private static final int MOST_ANSWER_BYTES = 64 * 1024 * 1024;

    private final ManagedChannel channel;

    private Connection(ManagedChannel channel) {
        this.channel = channel;
    }

    /** By a Unix socket; or over TCP, where something else carries it safely, such as a tunnel. */
    public static Connection to(Address address) {
        return new Connection(open(address, InsecureChannelCredentials.create()));
    }

    /**
     * Over TCP with TLS; a Unix socket needs none.
     *
     * @throws IOException a file cannot be read
     * @throws IllegalArgumentException there is something else in a file
     */
    public static Connection to(Address address, Tls tls) throws IOException {
        return address.isSocket() ? to(address) : new Connection(open(address, tls.credentials()));
    }

    /** For the stubs. */
    public Channel channel() {
        return channel;
    }

    /** Has the next call try to connect at once; gRPC's own pauses grow to two minutes. */
    public void connectNow() {
        channel.resetConnectBackoff();
    }

    /** Ends every call, and hangs up. */
    @Override
    public void close() {
        channel.shutdownNow();
    }

    private static ManagedChannel open(Address address, ChannelCredentials credentials) {
        var builder = Grpc.newChannelBuilder(address.target(), credentials)
                // While a call is open, a daemon that hangs is noticed in 20 s.
                .keepAliveTime(10, SECONDS)
                .keepAliveTimeout(10, SECONDS)
                .maxInboundMessageSize(MOST_ANSWER_BYTES)
                .intercept(claim());
        if (address.isSocket()) {
            builder.overrideAuthority("localhost"); // else it is the socket's path, which is none
        }
        return builder.build();
    }

    /** Who calls, for the daemon's audit: a socket shows it no uid. */
    private static ClientInterceptor claim() {
        var headers = new Metadata();
        headers.put(UID, Long.toString(new UnixSystem().getUid()));
        return MetadataUtils.newAttachHeadersInterceptor(headers);
    }
}
