//! Measures a boot of the image beside one of a plain Debian, on the same QEMU, one after the other by turns.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use comfy_table::Table;
use image::build::Profile;
use qemu_tests::dev_box::DevBox;
use qemu_tests::disk::Disk;
use qemu_tests::lab::Lab;
use qemu_tests::machine::{Machine, Setup};
use qemu_tests::plain_debian;
use qemu_tests::serial::Line;
use qemu_tests::states::{State, of_line};
use serde::Serialize;

/// Measures a boot of the image beside one of a plain Debian.
#[derive(Parser)]
struct Arguments {
    /// How often each is booted; the median counts
    #[arg(long, default_value_t = 3)]
    boots: usize,
    /// Where the result goes
    #[arg(long, default_value = "target/bench/image.json")]
    out: PathBuf,
}

/// One boot, in seconds from QEMU's start on. The kernel's, the initrd's and userspace's parts are what systemd and the
/// kernel's log in the guest say; the firmware's ends when the serial port tells of the loader, and the rest is the
/// loader's, and that of asking for the goal: systemd-boot looks at no clock in a virtual machine.
#[derive(Clone, Debug, Serialize)]
struct Boot {
    /// To the goal, as seen from outside: the guest answered that it was reached.
    goal_s: f64,
    firmware_s: f64,
    loader_s: f64,
    kernel_s: f64,
    initrd_s: f64,
    /// From the start of the root's systemd to the goal.
    userspace_s: f64,
    /// Memory in use (total less available) twenty seconds later, MiB.
    memory_mib: u64,
}

#[derive(Serialize)]
struct Sizes {
    root_bytes: u64,
    kernel_image_bytes: u64,
    /// Blocks that the disk's file takes.
    disk_bytes: u64,
}

#[derive(Serialize)]
struct Subject {
    name: &'static str,
    goal: &'static str,
    kernel: String,
    boots: Vec<Boot>,
    sizes: Sizes,
}

#[derive(Serialize)]
struct Report {
    image: String,
    subjects: [Subject; 2],
}

/// What a subject has reached when it counts as started.
const BOX_GOAL: &str = "anyad.service";
const DEBIAN_GOAL: &str = "multi-user.target";

/// Prints when the program of the box's initrd began, in seconds of the kernel's clock; nothing where there is none, as
/// with Debian's, whose time counts as the kernel's.
const INITRD: &str = r"dmesg | sed -n 's/^\[ *\([0-9.]*\)\] anya-initrd: begins$/\1/p'";

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let lab = Lab::open()?;
    let plain = plain_debian::ready(&lab)?;
    // A box that has made its data partition, and a Debian that has made its host keys and the like.
    let dev = DevBox::prepare(&lab, "bench-box", Setup::default())?;
    dev.rewind(&lab)?;
    let disk = Disk::new(&lab, "bench-debian", &plain.disk)?;
    let setup = Setup::default().with_agent();
    let boot_debian = || Machine::start(&lab, &disk, &setup);
    let image = lab.image();
    let mut subjects = [
        Subject {
            name: "Anya Box",
            goal: "the service is READY",
            kernel: kernel_after(dev.boot(&lab)?, BOX_GOAL)?,
            boots: Vec::new(),
            sizes: sizes(
                fs::metadata(image.folder().join("root.raw"))?.len(),
                fs::metadata(image.uki(Profile::Release))?.len(),
                &image.disk(Profile::Release),
            )?,
        },
        Subject {
            name: "plain Debian",
            goal: DEBIAN_GOAL,
            kernel: kernel_after(boot_debian()?, DEBIAN_GOAL)?,
            boots: Vec::new(),
            sizes: sizes(plain.root_bytes, plain.kernel_image_bytes, &plain.disk)?,
        },
    ];
    // By turns: what else the host does meets both.
    for _ in 0..arguments.boots {
        subjects[0].boots.push(measure(dev.boot(&lab)?, BOX_GOAL)?);
        subjects[1].boots.push(measure(boot_debian()?, DEBIAN_GOAL)?);
    }
    dev.discard();
    disk.discard();
    println!("{}", table(&subjects));
    let report = Report { image: image.root_hash()?, subjects };
    if let Some(folder) = arguments.out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&arguments.out, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| arguments.out.display().to_string())
}

/// Waits for the goal, and asks for the kernel's version.
fn kernel_after(mut machine: Machine, goal: &str) -> Result<String> {
    reach(&mut machine, goal)?;
    let kernel = machine.sh("uname -r")?.trim().to_owned();
    machine.shut_down()?;
    Ok(kernel)
}

fn reach(machine: &mut Machine, goal: &str) -> Result<()> {
    // One question to the guest, so that asking does not slow down what is measured.
    let wait = format!("until systemctl is-active --quiet {goal}; do sleep 0.1; done");
    let (status, said) = machine.run(&wait, qemu_tests::machine::BOOT)?;
    ensure!(status == 0, "{goal}: {said}");
    Ok(())
}

fn measure(mut machine: Machine, goal: &str) -> Result<Boot> {
    reach(&mut machine, goal)?;
    let goal_s = machine.age().as_secs_f64();
    let loader = |line: &Line| of_line(&line.text) == Some(State::Loader);
    let firmware =
        machine.serial().lines().into_iter().rfind(loader).context("no boot loader was started")?;
    let firmware_s = firmware.at.as_secs_f64();
    let reached = property(&mut machine, "ActiveEnterTimestampMonotonic", goal)?;
    let userspace = property(&mut machine, "UserspaceTimestampMonotonic", "")?;
    let initrd: Option<f64> = machine.sh(INITRD)?.trim().parse().ok();
    let kernel_s = initrd.unwrap_or(userspace);
    let (_, memory) = machine.run(
        "sleep 20; awk '/MemTotal/{t=$2} /MemAvailable/{a=$2} END{print int((t-a)/1024)}' /proc/meminfo",
        Duration::from_secs(120),
    )?;
    machine.shut_down()?;
    Ok(Boot {
        goal_s,
        firmware_s,
        loader_s: goal_s - firmware_s - reached,
        kernel_s,
        initrd_s: userspace - kernel_s,
        userspace_s: reached - userspace,
        memory_mib: memory.trim().parse().context("the guest's memory")?,
    })
}

/// What `systemctl show` tells of a unit, or of systemd itself, in seconds of the kernel's clock.
fn property(machine: &mut Machine, name: &str, unit: &str) -> Result<f64> {
    let told = machine.sh(&format!("systemctl show --value --property={name} {unit}"))?;
    let micros: f64 = told.trim().parse().with_context(|| format!("{name} of {unit}: {told:?}"))?;
    Ok(micros / 1e6)
}

fn sizes(root_bytes: u64, kernel_image_bytes: u64, disk: &Path) -> Result<Sizes> {
    Ok(Sizes { root_bytes, kernel_image_bytes, disk_bytes: fs::metadata(disk)?.blocks() * 512 })
}

/// A row of the table and where its figure is.
type Row<T, N> = (&'static str, fn(&T) -> N);

fn table(subjects: &[Subject]) -> Table {
    let mut table = Table::new();
    let mut header = vec!["median".to_owned()];
    header.extend(subjects.iter().map(|subject| format!("{} ({})", subject.name, subject.goal)));
    table.set_header(header);
    let parts: [Row<Boot, f64>; 7] = [
        ("QEMU's start to the goal, s", |boot| boot.goal_s),
        ("firmware, s", |boot| boot.firmware_s),
        ("loader, s", |boot| boot.loader_s),
        ("kernel, s", |boot| boot.kernel_s),
        ("initrd, s", |boot| boot.initrd_s),
        ("userspace to the goal, s", |boot| boot.userspace_s),
        ("memory when idle, MiB", |boot| boot.memory_mib as f64),
    ];
    for (name, part) in parts {
        let mut row = vec![name.to_owned()];
        row.extend(subjects.iter().map(|subject| format!("{:.1}", median(subject.boots.iter().map(part)))));
        table.add_row(row);
    }
    let sizes: [Row<Sizes, u64>; 3] = [
        ("root, MiB", |sizes| sizes.root_bytes),
        ("kernel image, MiB", |sizes| sizes.kernel_image_bytes),
        ("disk, MiB", |sizes| sizes.disk_bytes),
    ];
    for (name, size) in sizes {
        let mut row = vec![name.to_owned()];
        row.extend(subjects.iter().map(|subject| (size(&subject.sizes) >> 20).to_string()));
        table.add_row(row);
    }
    table
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
