package io.pipertd.client.programs;

import java.util.regex.Pattern;

/** Text of others as it may go to a terminal: what would steer it is shown instead of obeyed. */
final class Harmless {
    /** Control characters but for line breaks and tabs, line separators, and marks that turn the direction of writing. */
    private static final Pattern STEERING = Pattern.compile(
            "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]");

    private Harmless() {}

    /** Only the first line begins at the edge, so that no other is taken for one of ours. */
    static String setOff(String text) {
        return shown(text).replaceAll("\n(?!\n)", "\n  ");
    }

    /** In one line: breaks and tabs are shown too. */
    static String inALine(String text) {
        return shown(text).replace("\n", "\\n").replace("\t", "\\t");
    }

    private static String shown(String text) {
        return STEERING.matcher(text).replaceAll(found -> escape(found.group().charAt(0)));
    }

    /** As a replacement, in which a backslash is written twice. */
    private static String escape(char steering) {
        return (steering < 0x100 ? "\\\\x%02x" : "\\\\u%04x").formatted((int) steering);
    }
}
