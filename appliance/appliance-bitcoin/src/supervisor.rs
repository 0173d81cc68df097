//! Starts the node, starts it again when it dies, and stops it.

use std::sync::Arc;
use std::time::Duration;

use appliance_core::node::{AfterDeath, NodeState, Restarts};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::board::Board;
use crate::config::{Launch, Listen, NodeConfig};
use crate::failure;
use crate::life::{LetGo, Life};
use crate::process::Process;
use crate::shutdown::bring_down;
use crate::tip::Announced;

/// For a node that the box lets go of.
const LET_GO_WITHIN: Duration = Duration::from_secs(30);

/// For a node that is to run otherwise: it may write down what it holds in memory, which on a slow disk
/// takes minutes, and which it would have to work out again when it was killed.
const CHANGE_WITHIN: Duration = Duration::from_secs(600);

/// When the node must be gone; `None` until the box asks for it.
pub(crate) type StopBy = Option<Instant>;

/// How one life of the node ended.
enum End {
    /// The box asked for it.
    Asked,
    /// It is to run otherwise from now on.
    Changed,
    /// It follows other rules.
    Refused(String),
    /// It died, or was of no use.
    Died(String),
}

pub(crate) struct Supervisor {
    config: NodeConfig,
    board: Arc<Board>,
    stop: watch::Receiver<StopBy>,
    listen: watch::Receiver<Option<Listen>>,
    announced: Announced,
    origin: Instant,
    started_before: bool,
}

/// Resolves with the deadline when the box asks for the end.
async fn asked_to_stop(stop: &mut watch::Receiver<StopBy>) -> Instant {
    let asked = stop.wait_for(Option::is_some).await;
    // Whoever could ask is gone: that asks, too.
    asked.ok().and_then(|by| *by).unwrap_or_else(|| Instant::now() + LET_GO_WITHIN)
}

impl Supervisor {
    pub(crate) fn new(
        config: NodeConfig,
        board: Arc<Board>,
        stop: watch::Receiver<StopBy>,
        listen: watch::Receiver<Option<Listen>>,
    ) -> Self {
        let announced = Announced::default();
        Self { config, board, stop, listen, announced, origin: Instant::now(), started_before: false }
    }

    /// Runs until the box asks for the end.
    pub(crate) async fn run(mut self) {
        let mut restarts = Restarts::new(self.config.restart);
        loop {
            match self.one_life(&mut restarts).await {
                End::Asked => break,
                End::Changed => {}
                End::Refused(reason) => {
                    tracing::error!(reason, "the node is refused");
                    self.board.gone(NodeState::Refused, Some(reason));
                    asked_to_stop(&mut self.stop).await;
                    return;
                }
                End::Died(detail) => {
                    let next = restarts.died(self.origin.elapsed());
                    if self.pause(detail, next).await.is_break() {
                        break;
                    }
                }
            }
        }
        self.board.gone(NodeState::Stopped, Some("The box stopped the node.".to_owned()));
    }

    /// Waits before the next start; breaks when the box asks for the end meanwhile.
    async fn pause(&mut self, detail: String, next: AfterDeath) -> std::ops::ControlFlow<()> {
        let seconds = next.pause().as_secs_f32().ceil();
        let (state, plan) = match next {
            AfterDeath::Restart { .. } => {
                (NodeState::Waiting, format!("It is started again in {seconds} s."))
            }
            AfterDeath::Open { deaths, .. } => (
                NodeState::Stopped,
                format!("It died {deaths} times in a row, so the next try is in {seconds} s."),
            ),
        };
        tracing::warn!(detail, plan, "the node is down");
        self.board.gone(state, Some(format!("{detail} {plan}")));
        tokio::select! {
            _ = asked_to_stop(&mut self.stop) => std::ops::ControlFlow::Break(()),
            () = sleep(next.pause()) => std::ops::ControlFlow::Continue(()),
        }
    }

    async fn one_life(&mut self, restarts: &mut Restarts) -> End {
        if self.stop.borrow().is_some() {
            return End::Asked;
        }
        self.config.listen = *self.listen.borrow_and_update();
        let launch = match Launch::prepare(&self.config) {
            Ok(launch) => launch,
            Err(detail) => return End::Died(detail),
        };
        let process = match Process::spawn(&launch).await {
            Ok(process) => process,
            Err(error) => return End::Died(failure::cannot_run(&launch, &error)),
        };
        restarts.started(self.origin.elapsed());
        self.board.launched(std::mem::replace(&mut self.started_before, true));

        let life =
            Life { config: &self.config, board: &self.board, announced: &mut self.announced, syncing: false };
        let (mut stop, mut listen) = (self.stop.clone(), self.listen.clone());
        let (end, deadline) = tokio::select! {
            biased;
            deadline = asked_to_stop(&mut stop) => (End::Asked, deadline),
            Ok(()) = listen.changed() => (End::Changed, Instant::now() + CHANGE_WITHIN),
            exit = process.exited() => {
                self.board.retire();
                return End::Died(failure::ended(&launch, &exit));
            }
            reason = life.live(&launch) => (reason.into(), Instant::now() + LET_GO_WITHIN),
        };
        self.let_go(&process, deadline).await;
        end
    }

    /// Ends the process by the deadline, or by an earlier one that comes up meanwhile.
    async fn let_go(&mut self, process: &Process, deadline: Instant) {
        let rpc = self.board.rpc();
        self.board.retire();
        if self.stop.borrow().is_some() {
            return bring_down(process, rpc.as_deref(), deadline).await;
        }
        tokio::select! {
            biased;
            () = bring_down(process, rpc.as_deref(), deadline) => {}
            sooner = asked_to_stop(&mut self.stop) => bring_down(process, None, sooner.min(deadline)).await,
        }
    }
}

impl From<LetGo> for End {
    fn from(reason: LetGo) -> Self {
        match reason {
            LetGo::Foreign(reason) => Self::Refused(reason),
            LetGo::Useless(detail) => Self::Died(detail),
        }
    }
}
