//! Text of others as it may go to a terminal: what would steer it is shown instead of obeyed.

/// Harmless text of which the first line alone begins at the edge, so that no other is taken for one of ours.
pub fn set_off(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        show(character, &mut shown);
        if character == '\n' && characters.peek() != Some(&'\n') {
            shown.push_str("  ");
        }
    }
    shown
}

/// Harmless text in one line: its line breaks and tabs are shown too.
pub fn in_a_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        show(character, &mut shown);
    }
    shown.replace('\n', "\\n").replace('\t', "\\t")
}

fn show(character: char, shown: &mut String) {
    match u32::from(character) {
        _ if !steers(character) => shown.push(character),
        code @ ..0x100 => shown.push_str(&format!("\\x{code:02x}")),
        code => shown.push_str(&format!("\\u{code:04x}")),
    }
}

/// Whether a terminal would obey it: a control, a separator of lines, or a mark that turns the direction of writing.
fn steers(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        _ => character.is_control(),
    }
}
