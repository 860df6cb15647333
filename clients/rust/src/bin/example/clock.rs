//! Times as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time of day, local, to the millisecond; what is behind it is cut off.
pub fn clock(time: Option<prost_types::Timestamp>) -> String {
    let time = time.unwrap_or_default();
    let Ok(time) = Timestamp::new(time.seconds, time.nanos) else {
        return "-".to_owned();
    };
    let local = time.to_zoned_datetime(TimeZone::system());
    local.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}
