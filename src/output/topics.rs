//! Answers to what people ask, by topic: `topics.toml`.

use std::io::{self, Write};
use std::sync::LazyLock;

use serde::Deserialize;

use super::explain::paragraph;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    topic: Vec<Topic>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    /// What finds it; the first is its name.
    words: Vec<String>,
    question: String,
    answer: String,
    source: String,
}

// A file that does not load has no topics; a test rules that out.
static TOPICS: LazyLock<File> = LazyLock::new(|| toml::from_str(include_str!("topics.toml")).unwrap_or_default());

/// Answers the topic of this name or word. False if there is none.
///
/// # Errors
/// When the writer fails.
pub fn explain_topic(word: &str, out: &mut dyn Write) -> io::Result<bool> {
    let is = |topic: &&Topic| topic.words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
    let Some(topic) = TOPICS.topic.iter().find(is) else { return Ok(false) };
    let name = topic.words.first().map(String::as_str).unwrap_or_default();
    writeln!(out, "{name}: {}\n\nAnswer", topic.question)?;
    paragraph(&topic.answer.replace('`', ""), out)?;
    writeln!(out, "\nSource")?;
    paragraph(&topic.source, out)?;
    Ok(true)
}

/// All words that find a topic.
pub fn topic_words<'a>() -> impl Iterator<Item = &'a str> {
    TOPICS.topic.iter().flat_map(|topic| topic.words.iter().map(String::as_str))
}

/// The topics as the README lists them.
pub fn topic_list() -> String {
    let row = |topic: &Topic| {
        let name = topic.words.first().map(String::as_str).unwrap_or_default();
        format!("| `tlshive explain {name}` | {} |\n", topic.question)
    };
    let rows: String = TOPICS.topic.iter().map(row).collect();
    format!("| answers | the question |\n|---|---|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_finds_one_topic() {
        assert_eq!(TOPICS.topic.len(), 16);
        let mut words: Vec<String> = topic_words().map(str::to_ascii_lowercase).collect();
        let count = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), count, "a word finds two topics");
        for word in words {
            let mut out = Vec::new();
            assert!(explain_topic(&word, &mut out).unwrap());
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("\nAnswer\n") && text.contains("\nSource\n"), "{word}: {text}");
            assert!(text.len() > 250, "{word}: {text}");
        }
        assert!(!explain_topic("weather", &mut Vec::new()).unwrap());
    }
}
