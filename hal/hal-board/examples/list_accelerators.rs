//! Prints the graphics devices of this machine as a JSON array of `hal_api::Accelerator`: what the child of
//! `hal_board::ChildProbe` does.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let found = hal_board::probe_in_process();
    serde_json::to_writer(std::io::stdout(), &found)?;
    writeln!(std::io::stdout())
}
