//! Tables of text.

use std::io::{self, Write};

/// Prints rows, the header first, in columns that are two spaces apart.
pub fn print<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> io::Result<()> {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:<width$}  "))
            .collect();
        writeln!(io::stdout(), "{}", line.trim_end())?;
    }
    Ok(())
}
