//! Names in a zip: in UTF-8 where the entry says so, else in code page 437 (APPNOTE, appendix D).

/// The upper half of code page 437.
const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A name in code page 437.
pub(super) fn cp437(bytes: &[u8]) -> String {
    let upper = |byte: u8| UPPER.chars().nth(usize::from(byte & 0x7f)).unwrap_or('\u{fffd}');
    bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { upper(*byte) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_half_is_whole() {
        assert_eq!(UPPER.chars().count(), 128);
        assert_eq!(cp437(b"J\x81rgen \xe1\xff"), "Jürgen ß\u{a0}");
        assert_eq!(cp437(b"\x80\xb0\xf4"), "Ç░⌠");
    }
}
