//! Unpacking an image's parts, and packing them as mkosi and systemd-repart do.
//!
//! Root: `mkfs.erofs -z lz4hc` with the file system's own id, at the time of the build. Verity tree: SHA-256, the
//! image's salt and id. Initrd: archives by cpio, one after another at multiples of four bytes, compressed by zstd.
//! Files carry one time ([`TIME`]).

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use image::keys::Keys;
use image::sign::{Data, Parts, make_uki};
use ota_client::kernel_image::KernelImage;
use ota_client::verity::{BLOCK, Superblock};
use qemu_tests::lab::Lab;

use crate::{Bench, empty, word};

/// The time of every file in root and initrd, in the words of `touch`.
pub(crate) const TIME: &str = "@1767225600";
/// The folder with the released parts of the new version.
pub(crate) const NEW: &str = "new";
/// The begin of what zstd compressed (RFC 8878, 3.1.1).
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The file that carries the time of the build in place of [`TIME`].
const CLOCK: &str = "usr/lib/clock-epoch";

/// The new version, unpacked.
pub(crate) struct Unpacked {
    /// The file system's id.
    id: String,
    /// What `veritysetup` is told, to make the tree alike.
    verity: [String; 2],
    /// The time of the build.
    epoch: u64,
}

/// Copies the parts of a built image to a folder, as far as they are released: partitions end in zeros.
pub(crate) fn released(image: &Path, to: PathBuf) -> Result<PathBuf> {
    let to = empty(to)?;
    let mut head = [0; 512];
    File::open(image.join("verity.raw"))?.read_exact_at(&mut head, 0)?;
    let blocks = Superblock::parse(&head)?.data_blocks;
    for (file, length) in
        [("root.raw", Some(blocks)), ("verity.raw", Some(1 + tree_blocks(blocks))), ("anya.efi", None)]
    {
        fs::copy(image.join(file), to.join(file)).with_context(|| file.to_owned())?;
        if let Some(blocks) = length {
            File::options().write(true).open(to.join(file))?.set_len(blocks * BLOCK as u64)?;
        }
    }
    Ok(to)
}

/// The blocks of a tree over so many blocks: 128 digests in each.
fn tree_blocks(data_blocks: u64) -> u64 {
    let (mut blocks, mut level) = (0, data_blocks);
    while level > 1 {
        level = level.div_ceil(128);
        blocks += level;
    }
    blocks
}

impl Unpacked {
    /// Finds out how the new version is packed.
    pub(crate) fn of(bench: &Bench<'_>) -> Result<Self> {
        let new = released(bench.new.folder(), bench.work.join(NEW))?;
        let tools = bench.lab.tools();
        let told = tools.output("dump.erofs", ["-s", &word(&new.join("root.raw"))])?;
        let id = field(&told, "Filesystem UUID:")?;
        let told = tools.output("veritysetup", ["dump", &word(&new.join("verity.raw"))])?;
        let verity =
            [format!("--uuid={}", field(&told, "UUID:")?), format!("--salt={}", field(&told, "Salt:")?)];
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(bench.new.folder().join("manifest.json"))?)?;
        let epoch = manifest["epoch"].as_u64().context("manifest.json has no epoch")?;
        Ok(Self { id, verity, epoch })
    }

    /// The new version's root as a tree of files.
    pub(crate) fn tree(&self, bench: &Bench<'_>, to: PathBuf) -> Result<PathBuf> {
        self.tree_of(bench, &bench.work.join(NEW).join("root.raw"), to)
    }

    /// A root as a tree of files.
    pub(crate) fn tree_of(&self, bench: &Bench<'_>, root: &Path, to: PathBuf) -> Result<PathBuf> {
        let to = empty(to)?;
        let extract = format!("--extract={}", word(&to));
        bench.lab.tools().output("fsck.erofs", [&extract, "--preserve", "--overwrite", &word(root)])?;
        Ok(to)
    }

    /// The unchanged tree is packed to the bytes of the image, and so is the initrd: else the comparison lies.
    pub(crate) fn verify_that_packing_is_the_images(&self, bench: &Bench<'_>) -> Result<()> {
        let again = empty(bench.work.join("again"))?;
        let tree = self.tree(bench, again.join("tree"))?;
        let hash = self.pack(bench.lab, &tree, &again, self.epoch)?;
        ensure!(hash == bench.new.root_hash()?, "the same tree is packed to another root: {hash}");
        let initrd = bench.new.folder().join("initrd");
        let parts = Initrd::unpack(bench.lab, &initrd, again.join("initrd.d"))?;
        parts.pack(bench.lab, &again.join("initrd"))?;
        let same = fs::read(again.join("initrd"))? == fs::read(initrd)?;
        ensure!(same, "the same initrd is packed to other bytes");
        fs::remove_dir_all(&again).map_err(Into::into)
    }

    /// Packs a tree: `root.raw` and `verity.raw` in a folder. Gives the root hash.
    fn pack(&self, lab: &Lab, tree: &Path, to: &Path, epoch: u64) -> Result<String> {
        let (root, verity) = (to.join("root.raw"), to.join("verity.raw"));
        touch(lab, &tree.join(CLOCK), epoch)?;
        let mut pack = lab.command("mkfs.erofs");
        pack.args(["--quiet", "-U", &self.id, "-z", "lz4hc"])
            .args([&root, tree])
            .env("SOURCE_DATE_EPOCH", epoch.to_string());
        image::tools::output(&mut pack, "mkfs.erofs")?;
        let told =
            lab.tools().output(
                "veritysetup",
                ["format", &word(&root), &word(&verity), &self.verity[0], &self.verity[1]]
                    .into_iter()
                    .chain(["--hash=sha256", "--data-block-size=4096", "--hash-block-size=4096"]),
            )?;
        field(&told, "Root hash:")
    }

    /// Packs a version that is a day older: root, tree and kernel image in a folder.
    pub(crate) fn pack_older(
        &self,
        bench: &Bench<'_>,
        tree: &Path,
        kernel: &Path,
        initrd: &Path,
        to: &Path,
    ) -> Result<()> {
        let hash = self.pack(bench.lab, tree, to, self.epoch - 24 * 60 * 60)?;
        let image = bench.new.folder();
        let facts = KernelImage::read(&File::open(image.join("anya.efi"))?)?;
        let command_line = facts.command_line.replace(&bench.new.root_hash()?, &hash);
        ensure!(command_line.contains(&hash), "the kernel image names no root hash: {command_line}");
        let parts = Parts {
            kernel,
            initrd,
            command_line: command_line.trim_end_matches(['\0', '\n']),
            os_release: &tree.join("usr/lib/os-release"),
            data: Data::Opens,
        };
        let keys = Keys::open(&bench.lab.cache().join("test-keys"))?;
        make_uki(bench.lab.tools(), &keys, &parts, &to.join("anya.efi"))
    }
}

fn touch(lab: &Lab, file: &Path, epoch: u64) -> Result<()> {
    lab.tools().output("touch", [&format!("--date=@{epoch}"), &word(file)]).map(drop)
}

/// What a tool told of something.
fn field(told: &str, name: &str) -> Result<String> {
    let value = told.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.with_context(|| format!("no {name} in {told}"))?.trim().to_owned())
}

/// The archives of an initrd, unpacked.
pub(crate) struct Initrd {
    folder: PathBuf,
    archives: usize,
}

impl Initrd {
    pub(crate) fn unpack(lab: &Lab, initrd: &Path, to: PathBuf) -> Result<Self> {
        let folder = empty(to)?;
        let bytes = fs::read(initrd)?;
        // Each begins at a multiple of four bytes.
        let begins = |at: &usize| bytes[*at..].starts_with(ZSTD);
        let mut ends: Vec<usize> = (0..bytes.len()).step_by(4).filter(begins).collect();
        ensure!(ends.first() == Some(&0), "{} is not of mkosi's form", initrd.display());
        ends.push(bytes.len());
        for (number, part) in ends.windows(2).enumerate() {
            let file = folder.join(format!("{number}.zst"));
            fs::write(&file, &bytes[part[0]..part[1]])?;
            let script = "mkdir \"$1\" && cd \"$1\" && { zstd -dc <../\"$1.zst\" 2>/dev/null || true; } | \
                          cpio --extract --make-directories --preserve-modification-time --quiet && \
                          find . -mindepth 1 -exec touch -h -d \"$2\" {} +";
            let mut shell = lab.command("sh");
            shell.args([
                "-euc",
                &format!("cd \"$3\"\n{script}"),
                "sh",
                &number.to_string(),
                TIME,
                &word(&folder),
            ]);
            image::tools::output(&mut shell, "unpacking the initrd")?;
        }
        Ok(Self { folder, archives: ends.len() - 1 })
    }

    /// The trees, in their order.
    pub(crate) fn trees(&self) -> Vec<PathBuf> {
        (0..self.archives).map(|number| self.folder.join(number.to_string())).collect()
    }

    pub(crate) fn pack(&self, lab: &Lab, to: &Path) -> Result<()> {
        let mut packed = Vec::new();
        for (number, tree) in self.trees().iter().enumerate() {
            packed.extend(archive(lab, tree, if number == 0 { Archive::Initrd } else { Archive::Modules })?);
            packed.resize(packed.len().next_multiple_of(4), 0);
        }
        fs::write(to, packed).with_context(|| word(to))
    }
}

/// Which of an initrd's archives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Archive {
    /// The initrd that mkosi made as an image of its own, at the level that its definition names.
    Initrd,
    /// The modules of the kernel that it adds, at its own level.
    Modules,
}

/// A tree as a compressed archive (mkosi's `make_cpio` and `compressor_command`).
fn archive(lab: &Lab, tree: &Path, which: Archive) -> Result<Vec<u8>> {
    let mut paths = Vec::new();
    list(tree, Path::new(""), &mut paths)?;
    paths.sort();
    if which == Archive::Modules {
        // It begins with the modules' folder.
        paths.retain(|path| path.components().count() > 2);
    }
    let names: Vec<u8> = paths
        .iter()
        .flat_map(|path| path.as_os_str().as_encoded_bytes().iter().copied().chain([0]))
        .collect();
    let level = if which == Archive::Initrd { "-19" } else { "-3" };
    let script = "cd \"$1\" && cpio --create --reproducible --renumber-inodes --null --format=newc --quiet | \
                  zstd -q \"$2\" -T0 --stdout -";
    let mut shell = lab.command("bash");
    shell.args(["-o", "pipefail", "-euc", script, "bash", &word(tree), level]);
    let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("standard input is piped")?;
    let feed = std::thread::spawn(move || stdin.write_all(&names));
    let done = child.wait_with_output()?;
    feed.join().map_err(|_| anyhow::anyhow!("cpio was not fed"))??;
    ensure!(done.status.success(), "packing the initrd failed");
    Ok(done.stdout)
}

fn list(tree: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(tree.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(tree, &path, paths)?;
        }
        paths.push(path);
    }
    Ok(())
}
