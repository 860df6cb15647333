package io.pipertd.client.programs;

import com.google.protobuf.Value;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Values as Python's {@code json.dumps(value, sort_keys=True)} writes them; whole numbers without a fraction. */
final class PythonJson {
    private static final double LEAST_WITHOUT_EXPONENT = 1e-4;
    private static final int DIGITS_OF_A_DOUBLE = 17;

    private PythonJson() {}

    static String show(Value value) {
        return switch (value.getKindCase()) {
            case NUMBER_VALUE -> number(value.getNumberValue());
            case STRING_VALUE -> string(value.getStringValue());
            case BOOL_VALUE -> String.valueOf(value.getBoolValue());
            case LIST_VALUE ->
                value.getListValue().getValuesList().stream()
                        .map(PythonJson::show)
                        .collect(Collectors.joining(", ", "[", "]"));
            case STRUCT_VALUE ->
                new TreeMap<>(value.getStructValue().getFieldsMap())
                        .entrySet().stream()
                                .map(field -> string(field.getKey()) + ": " + show(field.getValue()))
                                .collect(Collectors.joining(", ", "{", "}"));
            case NULL_VALUE, KIND_NOT_SET -> "null";
        };
    }

    private static String number(double number) {
        if (!Double.isFinite(number)) {
            return String.valueOf(number);
        }
        if (number == Math.rint(number)) {
            return new BigDecimal(number).toBigInteger().toString();
        }
        var shortest = shortest(number);
        if (Math.abs(number) >= LEAST_WITHOUT_EXPONENT) {
            return shortest.toPlainString();
        }
        var digits = shortest.unscaledValue().abs().toString();
        var fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        var exponent = shortest.scale() - digits.length() + 1;
        return "%s%s%se-%02d".formatted(number < 0 ? "-" : "", digits.charAt(0), fraction, exponent);
    }

    /** The fewest digits that are read as this number again; Java 17 sometimes writes one too many. */
    private static BigDecimal shortest(double number) {
        var exact = new BigDecimal(number);
        for (int digits = 1; digits < DIGITS_OF_A_DOUBLE; digits++) {
            var rounded = exact.round(new MathContext(digits));
            if (rounded.doubleValue() == number) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(DIGITS_OF_A_DOUBLE));
    }

    private static String string(String text) {
        return text.chars().mapToObj(PythonJson::character).collect(Collectors.joining("", "\"", "\""));
    }

    private static String character(int code) {
        return switch (code) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> code >= ' ' && code <= '~' ? Character.toString(code) : "\\u%04x".formatted(code);
        };
    }
}
