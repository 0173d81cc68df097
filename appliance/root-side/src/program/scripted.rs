//! A runner that starts and mounts nothing: a test says what comes of it, and sees what was asked.

use std::cell::RefCell;
use std::path::Path;

use anyhow::{Result, ensure};
use zeroize::Zeroizing;

use super::{Ended, Program, Runner};
use crate::mount::Mount;

/// What a program does with its arguments.
type Act = Box<dyn Fn(&[String]) -> Ended>;

/// Programs succeed silently unless the script says otherwise.
#[derive(Default)]
pub struct Scripted {
    /// By the beginning of the command line.
    acts: Vec<(&'static str, Act)>,
    lines: RefCell<Vec<String>>,
    inputs: RefCell<Vec<String>>,
}

impl Scripted {
    fn add(mut self, start: &'static str, act: impl Fn(&[String]) -> Ended + 'static) -> Self {
        self.acts.push((start, Box::new(act)));
        self
    }

    /// Whatever begins with `start` ends so.
    #[must_use]
    pub fn ends(self, start: &'static str, code: i32, complaint: &'static str) -> Self {
        self.add(start, move |_| ended(code, "", complaint))
    }

    /// Whatever begins with `start` prints this and succeeds.
    #[must_use]
    pub fn prints(self, start: &'static str, output: &str) -> Self {
        let output = output.to_owned();
        self.add(start, move |_| ended(0, &output, ""))
    }

    /// Whatever begins with `start` does this with its arguments and succeeds.
    #[must_use]
    pub fn does(self, start: &'static str, act: impl Fn(&[String]) + 'static) -> Self {
        self.add(start, move |arguments| {
            act(arguments);
            ended(0, "", "")
        })
    }

    /// Notes the line, and does what the script says of it.
    fn play(&self, line: String, arguments: &[String]) -> Ended {
        let act = self.acts.iter().find(|(start, _)| line.starts_with(start));
        self.lines.borrow_mut().push(line.clone());
        act.map_or_else(|| ended(0, "", ""), |(_, act)| act(arguments))
    }

    /// Everything that was started, mounted and unmounted, as command lines.
    #[must_use]
    pub fn started(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The first words of these.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let first = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
        self.lines.borrow().iter().map(first).collect()
    }

    /// Everything that was handed to programs to read.
    #[must_use]
    pub fn inputs(&self) -> Vec<String> {
        self.inputs.borrow().clone()
    }
}

impl Runner for Scripted {
    fn run(&self, program: &Program) -> Result<Ended> {
        self.inputs.borrow_mut().extend(program.input.as_ref().map(|input| input.to_string()));
        Ok(self.play(format!("{} {}", program.name, program.arguments.join(" ")), &program.arguments))
    }

    fn mount(&self, mount: &Mount) -> Result<()> {
        let ended = self.play(mount.to_string(), &[]);
        ensure!(ended.ok(), "{}", ended.complaint);
        Ok(())
    }

    fn unmount(&self, at: &Path) -> Result<()> {
        let ended = self.play(format!("umount {}", at.display()), &[]);
        ensure!(ended.ok(), "{}", ended.complaint);
        Ok(())
    }
}

fn ended(code: i32, output: &str, complaint: &str) -> Ended {
    Ended { code, output: Zeroizing::new(output.to_owned()), complaint: complaint.to_owned() }
}
