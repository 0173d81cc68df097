//! QEMU's arguments. All paths are relative to the machine's folder, in which QEMU runs: no path needs
//! quoting for QEMU's option syntax, and sockets have short names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::agent;
use crate::machine::Setup;
use crate::tpm;
use crate::write_log::SECTOR;

pub(crate) const SERIAL: &str = "serial.sock";
pub(crate) const QMP: &str = "qmp.sock";
pub(crate) const STALL: &str = "stall.sock";
pub(crate) const AGENT: &str = "agent.sock";

/// Where the guest finds the server outside that its [`Setup`] names, if it names one.
pub(crate) const SERVER: &str = "10.0.2.100:80";
/// The script in the machine's folder that carries one connection to it.
pub(crate) const FORWARD: &str = "forward.sh";
/// Its content. QEMU's arguments do not name the port: they must be the same for a snapshot to be loaded.
pub(crate) fn forward_script(server: Option<u16>) -> String {
    match server {
        Some(port) => {
            format!("exec 3<>/dev/tcp/127.0.0.1/{port}\ncat <&3 &\ncat >&3\nkill $! 2>/dev/null\n")
        }
        None => "exit 1\n".to_owned(),
    }
}

/// The log of what is written to the disk, and the disk behind it.
pub(crate) const WRITE_LOG: &str = "writes.log";
const LOGGED: &str = "logged";

/// The disk as one that can be made to answer no more ([`crate::machine::Machine::silence_disk`]).
const SILENCEABLE: &str = "silenceable";

/// What says how much of it is answered.
pub(crate) const SILENCER: &str = "silencer";

/// The socket for a device that is plugged in while the machine runs: q35's own bus takes none.
pub(crate) const SOCKET: &str = "socket";

/// All that is emulated, but for what the guest takes as a promise of speed and emulation is slow at: copying byte by
/// byte in one instruction, and switches of rights that end a block of translated code.
const CPU: &str = "max,erms=off,fsrm=off,smap=off,pku=off";

/// The node names of what a snapshot has to hold.
pub(crate) const DISK: &str = "disk";
pub(crate) const VARIABLES: &str = "vars";

/// Ports of the guest that are forwarded: its page's, and the one at which nodes on regtest call.
pub(crate) const FORWARDED: [u16; 2] = [443, 18444];

/// The arguments for a machine whose forwarded ports are these of loopback.
pub(crate) fn of(setup: &Setup, ports: [u16; 2]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| all.extend(words.iter().map(ToString::to_string));
    add(&["-accel", "tcg,thread=multi", "-cpu", CPU, "-smp", "2", "-m", &setup.memory.to_string()]);
    add(&["-display", "none", "-nodefaults", "-no-user-config"]);
    // Firmware with Secure Boot: it needs System Management Mode, which alone may write the variables.
    add(&["-machine", "q35,smm=on,pflash0=code,pflash1=vars"]);
    add(&["-global", "driver=cfi.pflash01,property=secure,value=on"]);
    add(&[
        "-blockdev",
        "driver=file,node-name=code,read-only=on,filename=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    ]);
    add(&[
        "-blockdev",
        &format!("driver=qcow2,node-name={VARIABLES},file.driver=file,file.filename=vars.qcow2"),
    ]);
    add(&disk(setup).iter().map(String::as_str).collect::<Vec<_>>());
    // The guest does not start before the serial port is read, so that no line is missed.
    add(&[
        "-chardev",
        &format!("socket,id=serial,path={SERIAL},server=on,wait=on"),
        "-serial",
        "chardev:serial",
    ]);
    for control in [QMP, STALL] {
        add(&["-qmp", &format!("unix:{control},server=on,wait=off")]);
    }
    add(&[
        "-device",
        "virtio-serial-pci",
        "-chardev",
        &format!("socket,id=agent,path={AGENT},server=on,wait=off"),
    ]);
    add(&["-device", &format!("virtserialport,chardev=agent,name={}", agent::PORT)]);
    add(&["-device", "virtio-rng-pci"]);
    // A watchdog that the image's kernel has a driver for; when it bites, the machine starts anew.
    add(&["-device", "i6300esb", "-action", "watchdog=reset"]);
    // Loopback outside, and no way out of the emulated network.
    let forwards =
        ports.iter().zip(FORWARDED).map(|(here, there)| format!(",hostfwd=tcp:127.0.0.1:{here}-:{there}"));
    // What the guest calls a server at this address is one on loopback outside.
    let server = format!(",guestfwd=tcp:{SERVER}-cmd:bash {FORWARD}");
    add(&["-netdev", &format!("user,id=net,restrict=on{}{server}", forwards.collect::<String>())]);
    // Without a boot ROM: the firmware would try the network before it gives up.
    add(&["-device", "virtio-net-pci,netdev=net,romfile="]);
    if setup.tpm.is_some() {
        add(&["-chardev", &format!("socket,id=tpm,path={}", tpm::SOCKET)]);
        add(&["-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0"]);
    }
    if let Some(time) = &setup.clock {
        add(&["-rtc", &format!("base={time}")]);
    }
    if setup.screen {
        add(&["-device", "VGA"]);
    }
    if setup.socket {
        add(&["-device", &format!("pcie-root-port,id={SOCKET},chassis=1,slot=1")]);
    }
    if setup.paused {
        add(&["-S"]);
    }
    for (name, text) in &setup.credentials {
        let value = STANDARD.encode(text);
        add(&["-smbios", &format!("type=11,value=io.systemd.credential.binary:{name}={value}")]);
    }
    all
}

/// The disk, and what stands between it and the machine.
fn disk(setup: &Setup) -> Vec<String> {
    let mut nodes = vec![format!(
        "driver=qcow2,node-name={DISK},file.driver=file,file.filename=disk.qcow2,discard=unmap"
    )];
    let mut objects = Vec::new();
    let drive = match (setup.write_log, setup.silenceable) {
        (true, _) => LOGGED,
        (false, true) => SILENCEABLE,
        (false, false) => DISK,
    };
    if setup.silenceable {
        objects = vec!["-object".to_owned(), format!("throttle-group,id={SILENCER}")];
        nodes.push(format!("driver=throttle,throttle-group={SILENCER},node-name={SILENCEABLE},file={DISK}"));
    }
    if setup.write_log {
        let log = format!("log=writes,log-sector-size={SECTOR}");
        nodes.push(format!("driver=file,node-name=writes,filename={WRITE_LOG}"));
        nodes.push(format!("driver=blklogwrites,node-name={LOGGED},file={DISK},{log}"));
    }
    let nodes = nodes.into_iter().flat_map(|node| ["-blockdev".to_owned(), node]);
    let device = ["-device".to_owned(), format!("virtio-blk-pci,drive={drive},bootindex=1")];
    objects.into_iter().chain(nodes).chain(device).collect()
}
