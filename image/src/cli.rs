//! The commands of the tool.

mod content;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command as Process;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use comfy_table::{Table, presets};
use image::board::{self, Board};
use image::build::{self, Image, Order, Profile};
use image::keys::{self, Keys};
use image::places::Places;
use image::run::{self, Wishes};
use image::sign;
use image::tools::Tools;
use ota_core::version::Version;

/// Builds, runs and looks into the images of the Anya Box
#[derive(Debug, Parser)]
#[command(name = "image", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the boards, and what was verified on each
    Boards,
    /// Build an image and print the folder it lies in
    Build(Build),
    /// Run an image in QEMU, with its page on a loopback port
    Run(Run),
    /// Fetch the locked Debian packages, or lock newer ones
    Lock(content::LockPackages),
    /// Show what an image holds, and what is wrong with it
    Inspect(content::Inspect),
    /// Compare two images part by part, and name what differs
    Compare(content::Compare),
    /// Sign EFI programs for Secure Boot, or make a signed kernel image of its parts
    Sign(Sign),
    /// Make keys for tests
    Keygen {
        /// Where they go; without it, the cache, where `build` looks
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Run a program in the tools tree
    Enter {
        /// The program and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
}

#[derive(Debug, clap::Args)]
struct Build {
    /// The board
    #[arg(long, default_value = "qemu-x86_64")]
    board: String,
    /// The version that the image tells of itself, as the boot loader orders it: 1.2.3, or 1.2.3~rc.1
    #[arg(long, default_value = env!("CARGO_PKG_VERSION"), value_parser = loader_form)]
    version: String,
    /// Folder of the keys to sign with; without it, keys for tests
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Signer list whose releases the box takes (signers/1.json of a repository); without it, it takes none
    #[arg(long, value_name = "FILE", overrides_with = "signers")]
    signers: Option<PathBuf>,
    /// Where the image goes; without it, the cache
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Take the newest Debian packages in place of the locked ones
    #[arg(long)]
    unlocked: bool,
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The board
    #[arg(long, default_value = "qemu-x86_64")]
    board: String,
    /// Which command line boots
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// The port of this machine that leads to the box
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Memory, MiB
    #[arg(long, default_value_t = 2048)]
    memory: u32,
    /// Size of the disk, GiB
    #[arg(long, default_value_t = 8)]
    disk: u32,
    /// Throw the last machine's disk and TPM away
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, clap::Args)]
struct Sign {
    /// Folder of the keys; without it, keys for tests
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// EFI programs, signed in their place
    #[arg(required_unless_present = "kernel")]
    programs: Vec<PathBuf>,
    /// The kernel of a kernel image to be made
    #[arg(long, requires_all = ["initrd", "command_line", "os_release", "out"])]
    kernel: Option<PathBuf>,
    /// Its initrd
    #[arg(long)]
    initrd: Option<PathBuf>,
    /// Its command line
    #[arg(long)]
    command_line: Option<String>,
    /// Its os-release file
    #[arg(long)]
    os_release: Option<PathBuf>,
    /// Where the kernel image goes
    #[arg(long)]
    out: Option<PathBuf>,
    /// The kernel image does not open the data: no values of PCR 11 are signed
    #[arg(long)]
    keep_data_closed: bool,
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        let places = Places::find()?;
        match self.command {
            Command::Boards => boards(&places),
            Command::Build(build) => build.run(&places),
            Command::Run(run) => run.run(&places),
            Command::Lock(lock) => lock.run(&places),
            Command::Inspect(inspect) => inspect.run(&places),
            Command::Compare(compare) => compare.run(&places),
            Command::Sign(sign) => sign.run(&places),
            Command::Keygen { out } => {
                let tools = Tools::ready(&places)?;
                let made = match out {
                    Some(out) => keys::generate(&std::path::absolute(out)?, &tools)?,
                    None => Keys::for_tests(&places, &tools)?,
                };
                say(&made.folder().display().to_string());
                Ok(())
            }
            Command::Enter { program } => enter(&places, &program),
        }
    }
}

impl Build {
    fn run(self, places: &Places) -> Result<()> {
        let board = Board::read(places.repository(), &self.board)?;
        let tools = Tools::ready(places)?;
        let keys = open_keys(places, &tools, self.keys)?;
        let tools = tools.with_folder(keys.folder(), keys.folder());
        let out = match self.out {
            Some(out) => std::path::absolute(out)?,
            None => places.board(&self.board),
        };
        let signers = self.signers.as_deref().map(build::read_signers).transpose()?;
        let order = Order { board, version: self.version, keys, signers, out, unlocked: self.unlocked };
        let image = build::build(places, &tools, &order)?;
        say(&image.folder().display().to_string());
        Ok(())
    }
}

impl Run {
    fn run(self, places: &Places) -> Result<()> {
        let board = Board::read(places.repository(), &self.board)?;
        let tools = Tools::ready(places)?;
        let image = Image::open(&places.board(&board.name))?;
        let wishes = Wishes {
            profile: self.profile,
            port: self.port,
            memory_mib: self.memory,
            disk_gib: self.disk,
            fresh: self.fresh,
        };
        run::run(places, &tools, &image, &board.name, wishes)
    }
}

impl Sign {
    fn run(self, places: &Places) -> Result<()> {
        let tools = Tools::ready(places)?;
        let keys = open_keys(places, &tools, self.keys)?;
        let mut tools = tools.with_folder(keys.folder(), keys.folder());
        let mut seen = |path: PathBuf| -> Result<PathBuf> {
            let path = std::path::absolute(path)?;
            let folder = path.parent().context("a file lies in a folder")?;
            tools = tools.clone().with_folder(folder, folder);
            Ok(path)
        };
        let programs = self.programs.into_iter().map(&mut seen).collect::<Result<Vec<_>>>()?;
        let parts = match (self.kernel, self.initrd, self.command_line, self.os_release, self.out) {
            (Some(kernel), Some(initrd), Some(line), Some(os_release), Some(out)) => {
                Some((seen(kernel)?, seen(initrd)?, line, seen(os_release)?, seen(out)?))
            }
            _ => None,
        };
        for program in &programs {
            sign::sign_efi(&tools, &keys, program)?;
        }
        if let Some((kernel, initrd, line, os_release, out)) = parts {
            let parts = sign::Parts {
                kernel: &kernel,
                initrd: &initrd,
                command_line: &line,
                os_release: &os_release,
                data: if self.keep_data_closed { sign::Data::Closed } else { sign::Data::Opens },
            };
            sign::make_uki(&tools, &keys, &parts, &out)?;
        }
        Ok(())
    }
}

/// A version in the spelling that names of boot entries, labels and os-release carry.
fn loader_form(text: &str) -> Result<String, String> {
    Version::from_loader_form(text).map(|version| version.loader_form()).map_err(|error| error.to_string())
}

fn open_keys(places: &Places, tools: &Tools, folder: Option<PathBuf>) -> Result<Keys> {
    match folder {
        Some(folder) => Keys::open(&std::path::absolute(folder)?),
        None => Keys::for_tests(places, tools),
    }
}

fn boards(places: &Places) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(["Board", "What it is", "Verified"]);
    for name in board::names(places.repository())? {
        let board = Board::read(places.repository(), &name)?;
        table.add_row([board.name, board.description, board.verified.join("\n")]);
    }
    say(&table.to_string());
    Ok(())
}

fn enter(places: &Places, program: &[OsString]) -> Result<()> {
    let tools = Tools::ready(places)?;
    let (name, arguments) = program.split_first().context("name a program")?;
    let mut command: Process = tools.command(name);
    let ended = command.args(arguments).status().context("cannot start the program")?;
    match ended.code() {
        Some(0) => Ok(()),
        _ => bail!("{} ended with {ended}", name.to_string_lossy()),
    }
}

#[expect(clippy::print_stdout, reason = "the answer of a command-line tool")]
fn say(text: &str) {
    println!("{text}");
}
