//! The recording script: what an actor reads in a studio, each prompt with the file it becomes.

use std::collections::BTreeMap;

use super::key_card::{html_head, html_text, markdown_text};
use super::prompts::{PromptFault, Prompts, is_heard_alone};
use crate::line::{Locale, PromptName};

/// What can be recorded of one locale, by file of its catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordingScript {
    locale: Locale,
    files: BTreeMap<String, Vec<Line>>,
    spoken_by_voice: Vec<PromptName>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    prompt: PromptName,
    note: String,
    text: String,
}

impl RecordingScript {
    /// The script of a locale.
    pub fn new(prompts: &Prompts, locale: &Locale) -> Result<RecordingScript, PromptFault> {
        let mut files: BTreeMap<String, Vec<Line>> = BTreeMap::new();
        let mut spoken_by_voice = Vec::new();
        for (prompt, entry) in prompts.entries(locale) {
            if !is_heard_alone(prompt) {
                continue;
            }
            if !entry.variables.is_empty() {
                spoken_by_voice.push(prompt);
                continue;
            }
            files.entry(entry.file.clone()).or_default().push(Line {
                prompt,
                note: entry.note.clone(),
                text: prompts.text(locale, prompt, &[])?,
            });
        }
        Ok(RecordingScript {
            locale: locale.clone(),
            files,
            spoken_by_voice,
        })
    }

    fn path(&self, prompt: PromptName) -> String {
        format!("prompts/{}/audio/{prompt}.wav", self.locale)
    }

    fn how(&self) -> String {
        format!(
            "One WAV file for each prompt: one channel, 16 bit, 16 kHz or more, no sound before or \
             after the words. Put the files where the table says, below the folder that the \
             configuration names for prompts. Prompts with numbers, names or keys in them are not \
             listed: a voice speaks those ({} of them).",
            self.spoken_by_voice.len()
        )
    }

    /// As a page of documentation.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# Recording script, {}\n\n{}\n",
            markdown_text(self.locale.as_str()),
            self.how()
        );
        for (file, lines) in &self.files {
            page += &format!(
                "\n## {}\n\n| Say | When it is heard | File |\n|---|---|---|\n",
                markdown_text(file)
            );
            for line in lines {
                page += &format!(
                    "| {} | {} | `{}` |\n",
                    markdown_text(&line.text),
                    markdown_text(&line.note),
                    self.path(line.prompt)
                );
            }
        }
        page
    }

    /// As a page to print.
    pub fn html(&self) -> String {
        let title = format!("Recording script, {}", self.locale);
        let mut page = html_head(&self.locale, &title);
        page += &format!(
            "<h1>{}</h1>\n<p>{}</p>\n",
            html_text(&title),
            html_text(&self.how())
        );
        for (file, lines) in &self.files {
            page += &format!(
                "<h2>{}</h2>\n<table>\n<tr><th>Say</th><th>When it is heard</th><th>File</th></tr>\n",
                html_text(file)
            );
            for line in lines {
                page += &format!(
                    "<tr><td>{}</td><td>{}</td><td><code>{}</code></td></tr>\n",
                    html_text(&line.text),
                    html_text(&line.note),
                    html_text(&self.path(line.prompt))
                );
            }
            page += "</table>\n";
        }
        page + "</body>\n</html>\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_lists_what_has_no_variables_with_its_file() {
        let prompts = Prompts::embedded().unwrap();
        let script = RecordingScript::new(&prompts, &Locale::default()).unwrap();
        let page = script.markdown();
        assert!(page.contains("| Goodbye. |"));
        assert!(page.contains("`prompts/en-US/audio/goodbye.wav`"));
        for absent in [
            "voice-message-delete",
            "spoken-noon",
            "card-title",
            "summary-voice-messages",
        ] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert!(
            script
                .html()
                .contains("<code>prompts/en-US/audio/goodbye.wav</code>")
        );
    }
}
