//! Texts as vectors, and how alike they are.

use std::io::Read;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::failure::Failure;
use crate::screen::table;

#[derive(Args)]
pub(crate) struct Embed {
    /// The texts; `-` reads one a line from standard input
    #[arg(required = true, value_name = "TEXT")]
    texts: Vec<String>,
    /// The model
    #[arg(long, default_value = "all-minilm-l6-v2")]
    model: String,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Embedding {
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: u64,
}

pub(crate) fn run(embed: Embed, session: &Session) -> Result<ExitCode, Failure> {
    let texts = if embed.texts == ["-"] { lines()? } else { embed.texts };
    let answer = session.client.post("/v1/embeddings", &json!({ "model": embed.model, "input": texts }))?;
    session.screen.show(&answer, |answer: Answer| told(&texts, &answer))?;
    Ok(ExitCode::SUCCESS)
}

fn lines() -> Result<Vec<String>, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|source| Failure::Input { what: "the texts", source })?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// One text: the beginning of its vector. Several: how alike each two are.
fn told(texts: &[String], answer: &Answer) -> String {
    let vectors: Vec<&[f32]> = answer.data.iter().map(|item| item.embedding.as_slice()).collect();
    let dimensions = vectors.first().map_or(0, |vector| vector.len());
    let rows = texts.iter().zip(&vectors).enumerate().map(|(number, (text, vector))| {
        let mut row = vec![(number + 1).to_string(), short(text)];
        if vectors.len() == 1 {
            let first = vector.iter().take(4).map(|value| format!("{value:+.4}")).collect::<Vec<_>>();
            row.push(format!("{} …", first.join(" ")));
        } else {
            row.extend(vectors.iter().map(|other| format!("{:.3}", cosine(vector, other))));
        }
        row
    });
    let columns: Vec<String> = (1..=vectors.len()).map(|number| format!("to {number}")).collect();
    let mut names = vec!["", "text"];
    if vectors.len() == 1 {
        names.push("vector");
    } else {
        names.extend(columns.iter().map(String::as_str));
    }
    let table = table(&names, rows, "No text.");
    let alike = if vectors.len() > 1 { "; the table is their cosine similarity" } else { "" };
    format!("{table}\n\n{dimensions} dimensions, {} tokens{alike}.", answer.usage.prompt_tokens)
}

fn short(text: &str) -> String {
    const LIMIT: usize = 40;
    if text.chars().count() <= LIMIT {
        text.to_owned()
    } else {
        text.chars().take(LIMIT - 1).chain(['…']).collect()
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_texts_are_compared() {
        let answer = Answer {
            data: vec![Embedding { embedding: vec![1.0, 0.0] }, Embedding { embedding: vec![0.6, 0.8] }],
            usage: Usage { prompt_tokens: 7 },
        };
        let told = told(&["a".into(), "b".into()], &answer);
        assert!(
            told.contains("0.600") && told.contains("1.000") && told.contains("2 dimensions, 7 tokens"),
            "{told}"
        );
    }
}
