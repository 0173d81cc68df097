//! Measures a boot of the image beside one of a plain Debian, on the same QEMU, one after the other.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use comfy_table::Table;
use image::build::Profile;
use qemu_tests::dev_box::DevBox;
use qemu_tests::disk::Disk;
use qemu_tests::lab::Lab;
use qemu_tests::machine::{Machine, Setup};
use qemu_tests::plain_debian;
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

/// One boot, in seconds from QEMU's start on; the parts are what systemd and the kernel's log in the guest say.
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
    subjects: Vec<Subject>,
}

/// When systemd's steps were, in microseconds: of the firmware's clock before the kernel, of the kernel's
/// after it.
const TIMES: [&str; 3] =
    ["FirmwareTimestampMonotonic", "LoaderTimestampMonotonic", "UserspaceTimestampMonotonic"];

/// Prints when the program of the box's initrd began, in seconds of the kernel's clock; nothing where there is none, as
/// with Debian's, whose time counts as the kernel's.
const INITRD: &str = r"dmesg | sed -n 's/^\[ *\([0-9.]*\)\] anya-initrd: begins$/\1/p'";

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let lab = Lab::open()?;
    let plain = plain_debian::ready(&lab)?;
    let subjects = vec![boxed(&lab, arguments.boots)?, debian(&lab, &plain, arguments.boots)?];
    println!("{}", table(&subjects));
    let report = Report { image: lab.image().root_hash()?, subjects };
    if let Some(folder) = arguments.out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&arguments.out, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| arguments.out.display().to_string())
}

/// The box, whose first boot (which makes the data partition) is not counted.
fn boxed(lab: &Lab, boots: usize) -> Result<Subject> {
    let dev = DevBox::prepare(lab, "bench-box")?;
    dev.rewind(lab)?;
    let mut kernel = String::new();
    let boots = (0..boots)
        .map(|_| {
            let mut machine = dev.boot(lab, &[])?;
            let boot = measure(&mut machine, "anyad.service")?;
            kernel = machine.sh("uname -r")?.trim().to_owned();
            machine.shut_down()?;
            Ok(boot)
        })
        .collect::<Result<_>>()?;
    dev.discard();
    let image = lab.image();
    let sizes =
        sizes(&image.folder().join("root.raw"), &image.uki(Profile::Release), &image.disk(Profile::Release))?;
    Ok(Subject { name: "Anya Box", goal: "the service is READY", kernel, boots, sizes })
}

fn debian(lab: &Lab, plain: &plain_debian::PlainDebian, boots: usize) -> Result<Subject> {
    let disk = Disk::new(lab, "bench-debian", &plain.disk)?;
    let setup = Setup::default().with_agent();
    // Its first boot makes host keys and the like.
    let mut machine = Machine::start(lab, &disk, &setup)?;
    measure(&mut machine, "multi-user.target")?;
    let kernel = machine.sh("uname -r")?.trim().to_owned();
    machine.shut_down()?;
    let boots = (0..boots)
        .map(|_| {
            let mut machine = Machine::start(lab, &disk, &setup)?;
            let boot = measure(&mut machine, "multi-user.target")?;
            machine.shut_down()?;
            Ok(boot)
        })
        .collect::<Result<_>>()?;
    disk.discard();
    let sizes = Sizes {
        root_bytes: plain.root_bytes,
        kernel_image_bytes: plain.kernel_image_bytes,
        disk_bytes: fs::metadata(&plain.disk)?.blocks() * 512,
    };
    Ok(Subject { name: "plain Debian", goal: "multi-user.target", kernel, boots, sizes })
}

fn measure(machine: &mut Machine, goal: &str) -> Result<Boot> {
    // One question to the guest, so that asking does not slow down what is measured.
    let wait = format!("until systemctl is-active --quiet {goal}; do sleep 0.1; done");
    let (status, said) = machine.run(&wait, qemu_tests::machine::BOOT)?;
    anyhow::ensure!(status == 0, "{goal}: {said}");
    let goal_s = machine.age().as_secs_f64();
    let reached = machine.sh(&format!("systemctl show --property=ActiveEnterTimestampMonotonic {goal}"))?;
    let reached = seconds(&reached, "ActiveEnterTimestampMonotonic")?;
    // systemd tells the firmware's times once it has started everything.
    machine.run("systemctl is-system-running --wait", qemu_tests::machine::BOOT)?;
    let (_, memory) = machine.run(
        "sleep 20; awk '/MemTotal/{t=$2} /MemAvailable/{a=$2} END{print int((t-a)/1024)}' /proc/meminfo",
        Duration::from_secs(120),
    )?;
    let told = machine.sh(&format!("systemctl show --property={}", TIMES.join(",")))?;
    let [firmware, loader, userspace] = TIMES.map(|name| seconds(&told, name));
    let (firmware, loader, userspace) = (firmware?, loader?, userspace?);
    let initrd: Option<f64> = machine.sh(INITRD)?.trim().parse().ok();
    let kernel = initrd.unwrap_or(userspace);
    Ok(Boot {
        goal_s,
        firmware_s: firmware - loader,
        loader_s: loader,
        kernel_s: kernel,
        initrd_s: userspace - kernel,
        userspace_s: reached - userspace,
        memory_mib: memory.trim().parse().context("the guest's memory")?,
    })
}

/// A property in what `systemctl show` told, microseconds there and seconds here.
fn seconds(told: &str, property: &str) -> Result<f64> {
    let value = told.lines().find_map(|line| line.strip_prefix(property)?.strip_prefix('='));
    let micros: f64 = value
        .and_then(|value| value.parse().ok())
        .with_context(|| format!("systemd does not tell {property} in microseconds: {told:?}"))?;
    Ok(micros / 1e6)
}

fn sizes(root: &Path, kernel_image: &Path, disk: &Path) -> Result<Sizes> {
    Ok(Sizes {
        root_bytes: fs::metadata(root)?.len(),
        kernel_image_bytes: fs::metadata(kernel_image)?.len(),
        disk_bytes: fs::metadata(disk)?.blocks() * 512,
    })
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
