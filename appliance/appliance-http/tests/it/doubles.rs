//! Doubles for the ports that have no place in a test's memory: the node, the models, the board, the log.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use appliance_core::inference::{
    ChatModel, ChatOutcome, ChatRequest, Embedder, Embeddings, FinishReason, InferenceError, ModelInfo,
    ModelKind, ModelState,
};
use appliance_core::logs::{LogError, LogLevel, LogLine, LogOrigin, LogPage, LogQuery, LogSource};
use appliance_core::node::{
    Chain, GeneratedBlocks, Node, NodeError, NodeSettings, NodeState, NodeStatus, Peers, RulesVerdict,
    Verdict,
};
use hal_api::{BoardReading, BoardSensors, Disk, HalError, HalErrorKind, HalResult};

/// A node on a chain of choice; on regtest it makes blocks.
pub(crate) struct TestNode {
    pub(crate) chain: Chain,
    pub(crate) blocks: Mutex<u64>,
    pub(crate) settings: Mutex<NodeSettings>,
}

impl TestNode {
    pub(crate) fn on(chain: Chain) -> Self {
        Self { chain, blocks: Mutex::new(0), settings: Mutex::default() }
    }
}

impl Node for TestNode {
    fn status(&self) -> NodeStatus {
        let blocks = *self.blocks.lock().unwrap();
        NodeStatus {
            state: NodeState::Running,
            detail: None,
            chain: self.chain,
            blocks,
            headers: blocks,
            best_block_hash: Some("00".repeat(32)),
            sync_progress: Some(1.0),
            initial_block_download: Some(false),
            peers: Peers::default(),
            version: Some("/Satoshi:31.99.0/".into()),
            implementation: Some("Bitcoin Core".into()),
            rules: RulesVerdict { verdict: Verdict::Bitcoin, reason: None },
            source: "a double".into(),
            restarts: 0,
            uptime_seconds: Some(1),
            block_source: vec!["long_poll".into()],
        }
    }

    fn generate_blocks(&self, count: u32) -> Result<GeneratedBlocks, NodeError> {
        if self.chain != Chain::Regtest {
            return Err(NodeError::WrongChain { chain: self.chain });
        }
        let mut blocks = self.blocks.lock().unwrap();
        *blocks += u64::from(count);
        Ok(GeneratedBlocks { height: *blocks, hashes: (0..count).map(|n| format!("{n:064x}")).collect() })
    }

    fn settings(&self) -> NodeSettings {
        *self.settings.lock().unwrap()
    }

    fn change_settings(&self, settings: NodeSettings) -> Result<(), NodeError> {
        *self.settings.lock().unwrap() = settings;
        Ok(())
    }
}

fn model(id: &str, kind: ModelKind) -> ModelInfo {
    ModelInfo {
        id: id.into(),
        kind,
        state: ModelState::Ready,
        size_bytes: 1,
        parameters: 1,
        quantization: "F32".into(),
        context_tokens: 64,
        dimensions: (kind == ModelKind::Embedding).then_some(384),
        license: "Apache-2.0".into(),
        device: "cpu".into(),
    }
}

/// Vectors of 384 numbers that count up from the text's length.
pub(crate) struct TestEmbedder;

impl Embedder for TestEmbedder {
    fn model(&self) -> ModelInfo {
        model("all-minilm-l6-v2", ModelKind::Embedding)
    }

    fn embed(&self, texts: Vec<String>) -> Result<Embeddings, InferenceError> {
        if let Some(index) = texts.iter().position(|text| text.len() > 1000) {
            return Err(InferenceError::TooLong { index, tokens: 1001, limit: 256 });
        }
        let vector = |text: &String| (0..384).map(|n| (text.len() + n) as f32).collect();
        Ok(Embeddings { vectors: texts.iter().map(vector).collect(), prompt_tokens: 7 })
    }
}

/// Says `one two three`, each word when the gate lets it.
pub(crate) struct TestChat {
    /// How many pieces may be said; more are waited for.
    allowed: Mutex<usize>,
    more: Condvar,
    /// Set when an answer was stopped by its caller.
    pub(crate) stopped: AtomicBool,
    /// Pieces said so far, over all answers.
    pub(crate) said: AtomicUsize,
    /// The last request.
    pub(crate) asked: Mutex<Option<ChatRequest>>,
}

impl TestChat {
    /// A model that says up to `allowed` pieces, and then waits to be allowed more.
    pub(crate) fn allowed(allowed: usize) -> Arc<Self> {
        Arc::new(Self {
            allowed: Mutex::new(allowed),
            more: Condvar::new(),
            stopped: AtomicBool::new(false),
            said: AtomicUsize::new(0),
            asked: Mutex::new(None),
        })
    }

    /// Lets it say any number of pieces.
    pub(crate) fn release(&self) {
        *self.allowed.lock().unwrap() = usize::MAX;
        self.more.notify_all();
    }

    fn wait_for_leave(&self) {
        let said = self.said.fetch_add(1, Ordering::SeqCst);
        let allowed = self.allowed.lock().unwrap();
        drop(self.more.wait_while(allowed, |allowed| *allowed <= said).unwrap());
    }
}

impl ChatModel for TestChat {
    fn model(&self) -> ModelInfo {
        model("smollm2-135m-instruct", ModelKind::Chat)
    }

    /// The last message decides: `panic`, `too long`, `fail early`, `fail late`, `for ever`; else three words.
    fn answer(
        &self,
        request: ChatRequest,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<ChatOutcome, InferenceError> {
        let last = request.messages.last().unwrap().content.clone();
        *self.asked.lock().unwrap() = Some(request);
        let failure = || InferenceError::Compute { source: "secret inner workings".into() };
        match last.as_str() {
            "panic" => panic!("the model panicked"),
            "too long" => return Err(InferenceError::TooLong { index: 0, tokens: 65, limit: 64 }),
            "busy" => return Err(InferenceError::Busy { waiting: 9 }),
            "fail early" => return Err(failure()),
            _ => {}
        }
        assert!(on_text("").is_continue());
        let words: &mut dyn Iterator<Item = &str> = if last == "for ever" {
            &mut std::iter::repeat("again ")
        } else {
            &mut ["one ", "two ", "three"].into_iter()
        };
        for word in words {
            self.wait_for_leave();
            if on_text(word).is_break() {
                self.stopped.store(true, Ordering::SeqCst);
                let finish = FinishReason::Cancelled;
                return Ok(ChatOutcome { finish, prompt_tokens: 5, completion_tokens: 1 });
            }
            if last == "fail late" {
                return Err(failure());
            }
        }
        Ok(ChatOutcome { finish: FinishReason::Stop, prompt_tokens: 5, completion_tokens: 3 })
    }
}

/// A board that always reads the same.
pub(crate) struct TestBoard;

impl BoardSensors for TestBoard {
    fn read(&self) -> HalResult<BoardReading> {
        Ok(BoardReading {
            hostname: "box".into(),
            processor: "Test Processor".into(),
            cores: 2,
            load_1min: 0.5,
            memory_total_bytes: 2,
            memory_available_bytes: 1,
            service_resident_bytes: 1,
            uptime_seconds: 1,
            data_disk: Disk { path: "/data".into(), total_bytes: 2, available_bytes: 1 },
            temperatures: vec![],
        })
    }
}

/// A board whose sensors panic.
pub(crate) struct PanickingBoard;

impl BoardSensors for PanickingBoard {
    fn read(&self) -> HalResult<BoardReading> {
        panic!("the sensor panicked")
    }
}

/// A log of one line.
pub(crate) struct TestLog;

impl LogSource for TestLog {
    fn recent(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        if query.after.is_some() {
            return Err(LogError::Cursor);
        }
        let line = LogLine {
            at: jiff::Timestamp::UNIX_EPOCH,
            level: LogLevel::Info,
            target: "test".into(),
            message: format!("{} {:?}", query.limit, query.level),
            request_id: None,
            fields: [].into(),
        };
        Ok(LogPage { lines: vec![line], origin: LogOrigin::Memory, next_cursor: None })
    }
}

/// A board whose sensors fail.
pub(crate) struct FailingBoard;

impl BoardSensors for FailingBoard {
    fn read(&self) -> HalResult<BoardReading> {
        let cause = std::io::Error::other("the cause beneath");
        Err(HalError::with_source(HalErrorKind::Device, "read /proc", cause))
    }
}
