//! Talking to the model. An answer is shown as it is made; leaving stops the model.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::ExitCode;

use clap::Args;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use super::Session;
use crate::failure::Failure;
use crate::prompt;
use crate::screen::clean;

const PATH: &str = "/v1/chat/completions";

#[derive(Args)]
pub(crate) struct Chat {
    /// What to say; `-` reads it from standard input. A conversation when absent
    prompt: Option<String>,
    /// How the model should behave
    #[arg(long)]
    system: Option<String>,
    /// The model
    #[arg(long, default_value = "smollm2-135m-instruct")]
    model: String,
    /// The most tokens of an answer
    #[arg(long, value_name = "TOKENS")]
    max_tokens: Option<u32>,
    /// 0 always takes the likeliest word, 2 is wild; small models stay sensible when it is low
    #[arg(long, default_value_t = 0.2)]
    temperature: f64,
    /// The same seed gives the same answer
    #[arg(long)]
    seed: Option<u64>,
}

impl Chat {
    fn body(&self, messages: &[Value], stream: bool) -> Value {
        let mut body = json!({
            "model": self.model,
            "messages": messages,
            "stream": stream,
            "temperature": self.temperature,
        });
        if let Some(tokens) = self.max_tokens {
            body["max_tokens"] = tokens.into();
        }
        if let Some(seed) = self.seed {
            body["seed"] = seed.into();
        }
        body
    }
}

pub(crate) fn run(mut chat: Chat, session: &Session) -> Result<ExitCode, Failure> {
    let mut messages: Vec<Value> = chat.system.iter().map(|text| message("system", text)).collect();
    let prompt = match chat.prompt.take() {
        Some(prompt) if prompt == "-" => Some(input()?),
        None if !std::io::stdin().is_terminal() => Some(input()?),
        given => given,
    };
    match prompt {
        Some(prompt) => {
            messages.push(message("user", &prompt));
            once(&chat, &messages, session)?;
        }
        None => converse(&chat, messages, session)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn message(role: &str, content: &str) -> Value {
    json!({ "role": role, "content": content })
}

fn input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|source| Failure::Input { what: "the prompt", source })?;
    Ok(text.trim_end().to_owned())
}

fn once(chat: &Chat, messages: &[Value], session: &Session) -> Result<(), Failure> {
    if session.screen.is_json() {
        let answer = session.client.post(PATH, &chat.body(messages, false))?;
        return session.screen.show(&answer, |_: Value| String::new());
    }
    stream(chat, messages, session).map(drop)
}

/// Question and answer until the input ends or a line is empty.
fn converse(chat: &Chat, mut messages: Vec<Value>, session: &Session) -> Result<(), Failure> {
    writeln!(std::io::stderr(), "Talking to {}; an empty line ends it.", chat.model)?;
    loop {
        let said = match prompt::ask("\nyou") {
            Ok(said) if !said.trim().is_empty() => said,
            Ok(_) | Err(Failure::Input { .. }) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        messages.push(message("user", &said));
        let answer = stream(chat, &messages, session)?;
        messages.push(message("assistant", &answer));
    }
}

/// Shows an answer while it is made, and returns it.
fn stream(chat: &Chat, messages: &[Value], session: &Session) -> Result<String, Failure> {
    let response = session.client.post_streaming(PATH, &chat.body(messages, true))?;
    let mut answer = String::new();
    for piece in Pieces::of(response) {
        let piece = piece?;
        session.screen.piece(&clean(piece.clone()))?;
        answer.push_str(&piece);
    }
    session.screen.piece("\n")?;
    Ok(answer)
}

/// The texts in a stream of chunks (server-sent events, one `data:` line each).
struct Pieces<R> {
    lines: std::io::Lines<R>,
    ended: bool,
}

impl Pieces<BufReader<Response>> {
    fn of(response: Response) -> Self {
        Self { lines: BufReader::new(response).lines(), ended: false }
    }
}

impl<R: BufRead> Iterator for Pieces<R> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let line = match self.lines.next() {
                Some(Ok(line)) => line,
                Some(Err(error)) => return self.end(Failure::Broken(error.to_string())),
                None => return self.end(Failure::Broken("it ended too early".into())),
            };
            let Some(data) = line.strip_prefix("data:").map(str::trim) else { continue };
            if data == "[DONE]" {
                self.ended = true;
                return None;
            }
            let chunk: Value = match serde_json::from_str(data) {
                Ok(chunk) => chunk,
                Err(_) => return self.end(Failure::Broken("a piece is not JSON".into())),
            };
            if let Some(message) = chunk["error"]["message"].as_str() {
                return self.end(Failure::Generation(message.to_owned()));
            }
            match chunk["choices"][0]["delta"]["content"].as_str() {
                Some(text) if !text.is_empty() => return Some(Ok(text.to_owned())),
                _ => {}
            }
        }
        None
    }
}

impl<R> Pieces<R> {
    fn end(&mut self, failure: Failure) -> Option<Result<String, Failure>> {
        self.ended = true;
        Some(Err(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(stream: &str) -> Vec<Result<String, String>> {
        let pieces = Pieces { lines: stream.as_bytes().lines(), ended: false };
        pieces.map(|piece| piece.map_err(|failure| failure.to_string())).collect()
    }

    #[test]
    fn texts_are_taken_out_of_the_stream() {
        let stream = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n: keep-alive\n\n\
                      data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n\
                      data: {\"choices\":[]}\n\ndata: [DONE]\n\n";
        assert_eq!(pieces(stream), [Ok("Hel".into()), Ok("lo".into())]);
    }

    #[test]
    fn a_stream_that_fails_or_breaks_off_is_an_error() {
        let failed = pieces("event: error\ndata: {\"error\":{\"message\":\"out of memory\"}}\n\n");
        assert_eq!(failed, [Err("the model stopped in the middle of its answer: out of memory".into())]);
        let broken = pieces("data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n");
        assert_eq!(broken[0], Ok("Hel".into()));
        assert!(broken[1].as_ref().is_err_and(|told| told.contains("ended too early")));
    }
}
