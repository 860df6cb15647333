package io.pipertd.client.programs;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.util.Map;

/** What is handed to an event's handlers: a value is JSON, or else text. */
final class EventParameters {
    private static final Gson STRICT =
            new GsonBuilder().setStrictness(Strictness.STRICT).create();

    private EventParameters() {}

    static Struct read(Map<String, String> texts) {
        var parameters = Struct.newBuilder();
        texts.forEach((name, text) -> parameters.putFields(name, value(text)));
        return parameters.build();
    }

    private static Value value(String text) {
        try {
            var json = STRICT.fromJson(text, JsonElement.class);
            return json == null ? string(text) : value(json);
        } catch (JsonParseException isText) {
            return string(text);
        }
    }

    private static Value value(JsonElement json) {
        if (json.isJsonObject()) {
            var struct = Struct.newBuilder();
            json.getAsJsonObject().asMap().forEach((name, each) -> struct.putFields(name, value(each)));
            return Value.newBuilder().setStructValue(struct).build();
        }
        if (json.isJsonArray()) {
            var list = ListValue.newBuilder();
            json.getAsJsonArray().forEach(each -> list.addValues(value(each)));
            return Value.newBuilder().setListValue(list).build();
        }
        if (json.isJsonNull()) {
            return Value.newBuilder().setNullValue(NullValue.NULL_VALUE).build();
        }
        var scalar = json.getAsJsonPrimitive();
        if (scalar.isBoolean()) {
            return Value.newBuilder().setBoolValue(scalar.getAsBoolean()).build();
        }
        return scalar.isNumber()
                ? Value.newBuilder().setNumberValue(scalar.getAsDouble()).build()
                : string(scalar.getAsString());
    }

    private static Value string(String text) {
        return Value.newBuilder().setStringValue(text).build();
    }
}
