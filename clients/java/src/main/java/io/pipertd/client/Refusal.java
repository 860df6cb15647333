package io.pipertd.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;
import java.util.Objects;
import java.util.Optional;

/**
 * Why a call failed.
 *
 * @param reason the daemon's, which stays the same from version to version; else the name of gRPC's code
 * @param message in words
 */
public record Refusal(String reason, String message) {
    public static Refusal of(StatusException error) {
        var status = error.getStatus();
        return info(error)
                .map(info -> new Refusal(info.getReason(), status.getDescription()))
                .orElseGet(() -> new Refusal(status.getCode().name(), words(status)));
    }

    private static Optional<ErrorInfo> info(StatusException error) {
        return StatusProto.fromThrowable(error).getDetailsList().stream()
                .filter(detail -> detail.is(ErrorInfo.class))
                .map(Refusal::unpack)
                .findFirst();
    }

    private static ErrorInfo unpack(Any detail) {
        try {
            return detail.unpack(ErrorInfo.class);
        } catch (InvalidProtocolBufferException error) {
            throw new IllegalStateException("the daemon sent an ErrorInfo that is none", error);
        }
    }

    /** Where the connection failed, gRPC says that it did, and the innermost cause says why. */
    private static String words(Status status) {
        var said = Objects.requireNonNullElse(status.getDescription(), "the call failed");
        Throwable cause = status.getCause();
        if (cause == null) {
            return said;
        }
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        var why = Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
        return said + ": " + why;
    }
}
