//! Text in pieces, for an index that takes only so many bytes in one value.

/// Cuts `text` into pieces of at most `most` bytes, between characters. Joined they are the text; an empty
/// text is one empty piece. `most` is at least the length of a character, 4.
pub fn pieces(text: &str, most: usize) -> Vec<&str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while rest.len() > most {
        let end = (0..=most).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(most);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_short_enough_and_joined_they_are_the_text() {
        for text in ["", "a", "abcde", "aäöüb€𝄞c", "𝄞𝄞𝄞"] {
            for most in 4..9 {
                let pieces = pieces(text, most);
                assert_eq!(pieces.concat(), text);
                assert!(pieces.iter().all(|piece| piece.len() <= most), "{pieces:?}");
                assert_eq!(pieces.len() == 1, text.len() <= most);
            }
        }
    }
}
