//! The latest log lines, in memory: the log view where there is no journal.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use appliance_core::logs::{LogError, LogLevel, LogLine, LogOrigin, LogPage, LogQuery, LogSource};
use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// How many lines are kept: about half a megabyte.
const CAPACITY: usize = 2_000;

/// The span field that names a request.
const REQUEST_ID: &str = "request_id";

/// Keeps the latest lines, each with its number since the start.
#[derive(Default)]
pub(crate) struct LogMemory {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    /// Number of the first line in `lines`.
    first: u64,
}

impl LogMemory {
    /// The layer that fills this memory.
    pub(crate) fn layer<S>(self: Arc<Self>) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        MemoryLayer(self)
    }

    fn keep(&self, line: LogLine) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.lines.len() == CAPACITY {
            kept.lines.pop_front();
            kept.first += 1;
        }
        kept.lines.push_back(line);
    }
}

impl LogSource for LogMemory {
    fn recent(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        let before = match &query.after {
            Some(cursor) => cursor.parse::<u64>().map_err(|_| LogError::Cursor)?,
            None => u64::MAX,
        };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let end = kept.first + kept.lines.len() as u64;
        let mut wanted = (kept.first..end)
            .rev()
            .zip(kept.lines.iter().rev())
            .filter(|(number, line)| *number < before && line.level >= query.level);
        let page: Vec<_> = wanted.by_ref().take(query.limit).collect();
        let more = wanted.next().is_some();
        let next_cursor = page.last().filter(|_| more).map(|(number, _)| number.to_string());
        let lines = page.into_iter().map(|(_, line)| line.clone()).collect();
        Ok(LogPage { lines, origin: LogOrigin::Memory, next_cursor })
    }
}

struct MemoryLayer(Arc<LogMemory>);

/// A span's request id, kept with the span.
struct RequestId(String);

impl<S> Layer<S> for MemoryLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(request), Some(span)) = (fields.others.remove(REQUEST_ID), context.span(id)) {
            span.extensions_mut().insert(RequestId(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let of_span = || {
            let mut scope = context.event_scope(event)?;
            scope.find_map(|span| span.extensions().get::<RequestId>().map(|id| id.0.clone()))
        };
        let request_id = fields.others.remove(REQUEST_ID).or_else(of_span);
        self.0.keep(LogLine {
            at: Timestamp::now(),
            level: level_of(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: fields.message,
            request_id,
            fields: fields.others,
        });
    }
}

fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG | Level::TRACE => LogLevel::Debug,
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: BTreeMap<String, String>,
}

impl Fields {
    fn set(&mut self, field: &Field, value: String) {
        if field.name() == "message" {
            self.message = value;
        } else {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn query(limit: usize, level: LogLevel, after: Option<String>) -> LogQuery {
        LogQuery { limit, level, after }
    }

    #[test]
    fn lines_are_paged_from_the_newest_and_filtered_by_level() {
        let memory = Arc::new(LogMemory::default());
        let subscriber = tracing_subscriber::registry().with(Arc::clone(&memory).layer());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..5 {
                tracing::info!(number, "counted");
            }
            tracing::error!("broke");
        });
        let page = memory.recent(&query(3, LogLevel::Info, None)).unwrap();
        assert_eq!(page.lines[0].message, "broke");
        assert_eq!(page.lines[1].fields["number"], "4");
        let page = memory.recent(&query(3, LogLevel::Info, page.next_cursor)).unwrap();
        assert_eq!(page.lines.iter().map(|l| &l.fields["number"][..]).collect::<Vec<_>>(), ["2", "1", "0"]);
        assert_eq!(page.next_cursor, None);
        assert_eq!(memory.recent(&query(9, LogLevel::Warn, None)).unwrap().lines.len(), 1);
        assert!(memory.recent(&query(9, LogLevel::Warn, Some("x".into()))).is_err());
    }

    #[test]
    fn a_line_knows_the_request_it_was_written_for() {
        let memory = Arc::new(LogMemory::default());
        let subscriber = tracing_subscriber::registry().with(Arc::clone(&memory).layer());
        tracing::subscriber::with_default(subscriber, || {
            let _request = tracing::info_span!("request", request_id = "r-1").entered();
            let _inner = tracing::info_span!("inner").entered();
            tracing::info!("inside");
        });
        let page = memory.recent(&query(1, LogLevel::Info, None)).unwrap();
        assert_eq!(page.lines[0].request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn old_lines_make_room() {
        let memory = LogMemory::default();
        let line = |n: usize| LogLine {
            at: Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            target: String::new(),
            message: n.to_string(),
            request_id: None,
            fields: BTreeMap::new(),
        };
        (0..CAPACITY + 10).for_each(|n| memory.keep(line(n)));
        let page = memory.recent(&query(1, LogLevel::Info, None)).unwrap();
        assert_eq!(page.lines[0].message, (CAPACITY + 9).to_string());
        assert_eq!(memory.kept.lock().unwrap().lines.len(), CAPACITY);
    }
}
