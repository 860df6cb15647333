package io.pipertd.client.programs;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Local time of day, to the millisecond; what is behind it is cut off. */
final class Clock {
    private static final DateTimeFormatter FORMAT =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private Clock() {}

    static String show(Timestamp time) {
        return FORMAT.format(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
    }
}
