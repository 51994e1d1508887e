//! Tables for spreadsheets: CSV by RFC 4180, in which no cell is taken for a formula. Each cell is quoted: a spreadsheet may part
//! them at another mark than the comma, as it does in many countries.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};

use super::escape::escape;

/// A table while it is written, row by row.
pub struct Table<W: Write> {
    out: Writer<W>,
}

impl<W: Write> Table<W> {
    /// Begins a table with a row of headings.
    ///
    /// # Errors
    /// When the writer fails, as in the others.
    pub fn new(out: W, headings: &[&str]) -> io::Result<Self> {
        let mut out =
            WriterBuilder::new().terminator(Terminator::CRLF).quote_style(QuoteStyle::Always).from_writer(out);
        out.write_record(headings).map_err(of_csv)?;
        Ok(Self { out })
    }

    /// Writes a row of as many cells as there are headings.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) -> io::Result<()> {
        self.out.write_record(cells.into_iter().map(|cell| harmless(cell).into_owned())).map_err(of_csv)
    }

    /// Ends the table.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn end(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The error of the writer itself, with its kind.
fn of_csv(error: csv::Error) -> io::Error {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        _ => io::Error::other(text),
    }
}

/// What begins a formula, in either width.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A cell that a spreadsheet shows as it is. What begins a formula gets an apostrophe in front; a spreadsheet may pass over
/// blanks before it looks for one.
fn harmless(cell: &str) -> Cow<'_, str> {
    let cell = escape(cell);
    if cell.trim_start().starts_with(FORMULA) { Cow::Owned(format!("'{cell}")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "=cmd|' /C calc'!A0"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("AADC-01"), "AADC-01");
    }

    #[test]
    fn a_cell_is_text_and_nothing_else() {
        let mut bytes = Vec::new();
        let mut table = Table::new(&mut bytes, &["a", "b"]).unwrap();
        for row in [
            ["x,y", "say \"no\""],
            ["=1+1", "@SUM(A1)"],
            ["-2", "+3"],
            ["", "a\r\nb\u{202e}"],
            ["a-b", "\t=1"],
            ["x;=1", "＝1"],
        ] {
            table.row(row).unwrap();
        }
        table.end().unwrap();
        let wanted = [
            r#""a","b""#,
            r#""x,y","say ""no""""#,
            r#""'=1+1","'@SUM(A1)""#,
            r#""'-2","'+3""#,
            r#""","a\u{d}\u{a}b\u{202e}""#,
            r#""a-b","\u{9}=1""#,
            r#""x;=1","'＝1""#,
        ];
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.split_terminator("\r\n").collect::<Vec<_>>(), wanted);
    }
}
