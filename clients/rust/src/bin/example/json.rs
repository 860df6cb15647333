//! Values of JSON: read from the command line, and written as Python's `json.dumps` does with sorted keys.

use std::collections::BTreeMap;

use prost_types::Value;
use prost_types::value::Kind;
use serde_json::Value as Json;

/// JSON, or else the text itself.
pub fn read(text: &str) -> Value {
    serde_json::from_str(text).map_or_else(|_| text.into(), value)
}

fn value(json: Json) -> Value {
    match json {
        Json::Null => Kind::NullValue(0).into(),
        Json::Bool(given) => given.into(),
        Json::Number(number) => number.as_f64().unwrap_or(f64::NAN).into(),
        Json::String(text) => text.into(),
        Json::Array(items) => Value::from(items.into_iter().map(value).collect::<Vec<_>>()),
        Json::Object(fields) => Value::from(
            fields
                .into_iter()
                .map(|(name, json)| (name, value(json)))
                .collect::<BTreeMap<_, _>>(),
        ),
    }
}

/// In one line of ASCII, whole numbers without a fraction.
pub fn write(value: &Value) -> String {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => "null".to_owned(),
        Some(Kind::BoolValue(given)) => given.to_string(),
        Some(Kind::NumberValue(number)) => write_number(*number),
        Some(Kind::StringValue(text)) => write_text(text),
        Some(Kind::ListValue(list)) => {
            let items: Vec<_> = list.values.iter().map(write).collect();
            format!("[{}]", items.join(", "))
        }
        Some(Kind::StructValue(fields)) => {
            let fields = fields.fields.iter(); // sorted: it is a BTreeMap
            let fields: Vec<_> = fields
                .map(|(name, value)| format!("{}: {}", write_text(name), write(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

fn write_number(number: f64) -> String {
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let text = format!("{number:?}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None => text,
    }
}

fn write_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    quoted.push('"');
    quoted
}
