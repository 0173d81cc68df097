//! What the tools print, and what is found wrong in an image.

use super::*;

const SFDISK: &str = r#"{"partitiontable": {"label":"gpt","id":"X","device":"d","unit":"sectors","firstlba":2048,
 "lastlba":534534,"sectorsize":512,"partitions": [
 {"node":"d1","start":2048,"size":262144,"type":"C12A7328-F81F-11D2-BA4B-00A0C93EC93B","uuid":"B0CA03B3-83C5-47BA-9CE4-2909FF4CCF46","name":"esp"},
 {"node":"d2","start":264192,"size":262144,"type":"4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709","uuid":"F1EAF860-D13D-4D8A-F3A9-726E9BC88885","name":"anya_1.0.0"},
 {"node":"d3","start":526336,"size":8192,"type":"00000000-0000-0000-0000-000000000001","uuid":"FD14A029-CC9E-DF71-C53A-A4850CDC764B"}]}}"#;

const SIGNERS: &str = "signature 1\nimage signature issuers:\n - /CN=tests\nimage signature certificates:\n - subject: /CN=tests\n   issuer:  /CN=tests\n";

const PCR_SIGNATURES: &str =
    r#"{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"0123456789abcdef01\",\"pol\":\"ff\",\"sig\":\"x\"}]}"#;

fn image_of(name: &str, image_id: &str, command_line: &str, pcr_signatures: &str) -> KernelImage {
    let printed = format!(
        r#"{{".cmdline":{{"size":3,"sha256":"aa","text":"{command_line}\n"}},
            ".osrel":{{"size":3,"sha256":"bb","text":"ID=debian\nIMAGE_ID={image_id}\nIMAGE_VERSION=\"1.2.3\"\n"}},
            ".uname":{{"size":3,"sha256":"cc","text":"6.12.1-cloud-amd64"}},
            ".linux":{{"size":9,"sha256":"dd"}},
            ".pcrsig":{{"size":9,"sha256":"ee","text":"{pcr_signatures}"}}}}"#
    );
    uki::from_printed(name, 20 << 20, &printed, SIGNERS).unwrap()
}

fn kernel_image(root_hash: &str) -> KernelImage {
    image_of("anya_1.2.3+3.efi", "anya", &format!("console=ttyS0 roothash={root_hash}"), PCR_SIGNATURES)
}

fn rescue() -> KernelImage {
    image_of("anya-rescue.efi", "zz-anya-rescue", "console=ttyS0 anya.rescue", "{}")
}

fn report() -> Report {
    let hash = "ab".repeat(32);
    Report {
        disk: "/images/disk.raw".into(),
        size: 1 << 30,
        size_on_disk: 200 << 20,
        partitions: disk::from_sfdisk(SFDISK).unwrap(),
        root: Root { hash: hash.clone(), size: 256 << 20, used: 150 << 20, models: 40 << 20 },
        kernel_images: vec![kernel_image(&hash), rescue()],
        spares: vec![Spare { name: "anya_1.2.3.spare".to_owned(), of: Some("anya_1.2.3+3.efi".to_owned()) }],
        manifest: None,
        faults: Vec::new(),
    }
}

#[test]
fn the_partition_table_is_read() {
    let partitions = disk::from_sfdisk(SFDISK).unwrap();
    let shown: Vec<_> = partitions.iter().map(|one| (one.label.as_str(), one.kind.as_str())).collect();
    assert_eq!(shown, [("esp", "esp"), ("anya_1.0.0", "root"), ("", "00000000-0000-0000-0000-000000000001")]);
    assert_eq!((partitions[1].start, partitions[1].size), (264_192 * 512, 128 << 20));
}

#[test]
fn a_disk_without_gpt_is_refused() {
    let error = disk::from_sfdisk(&SFDISK.replace("\"gpt\"", "\"dos\"")).unwrap_err();
    assert_eq!(error.to_string(), "the disk's partition table is dos, not GPT");
}

#[test]
fn a_kernel_image_tells_what_it_is_and_who_signed_it() {
    let image = kernel_image("cd");
    assert_eq!(image.signed_by, ["/CN=tests"]);
    assert_eq!(
        (image.version.as_deref(), image.kernel.as_deref()),
        (Some("1.2.3"), Some("6.12.1-cloud-amd64"))
    );
    assert_eq!(image.root_hash(), Some("cd"));
    assert_eq!(
        (image.pcr_signatures[0].bank.as_str(), image.pcr_signatures[0].pcrs.as_slice()),
        ("sha256", &[11][..])
    );
}

#[test]
fn a_sound_image_has_no_faults_and_shows_its_numbers() {
    let report = report();
    assert_eq!(report.find_faults(), Vec::<String>::new());
    let table = report.table();
    for shown in [
        "anya_1.0.0",
        "110.0 MiB (at most 120.0 MiB)",
        "/CN=tests",
        "PCR 11 (sha256), key 0123456789abcdef…",
        "Rescue system",
        "anya_1.2.3.spare",
        "Everything is as it should be.",
    ] {
        assert!(table.contains(shown), "{shown} is not shown:\n{table}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    let mut report = report();
    report.root.models = 0;
    let image = &mut report.kernel_images[0];
    image.size = 31 << 20;
    image.signed_by.clear();
    image.pcr_signatures.clear();
    image.command_line = "roothash=00".to_owned();
    let faults = report.find_faults().join("\n");
    for fault in [
        "the root takes 150.0 MiB without the models, more than 120.0 MiB",
        "anya_1.2.3+3.efi takes 31.0 MiB, more than 30.0 MiB",
        "is not signed",
        "has no signed PCR values",
        "is for another root",
    ] {
        assert!(faults.contains(fault), "{fault} is not told:\n{faults}");
    }
    report.faults = report.find_faults();
    assert!(report.table().contains("Not as it should be:\n- the root takes"));
    report.kernel_images.clear();
    assert!(report.find_faults().join("").contains("no kernel image"));
}

#[test]
fn what_is_wrong_with_the_boot_loaders_entries_is_told() {
    let hash = "ab".repeat(32);
    let told = |change: &dyn Fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        report.find_faults().join("\n")
    };
    type Case<'a> = (&'a dyn Fn(&mut Report), &'a str);
    let cases: [Case<'_>; 10] = [
        (&|report| report.spares.clear(), "anya_1.2.3.spare is missing"),
        (&|report| report.spares[0].of = None, "anya_1.2.3.spare is not what anya_1.2.3+3.efi is"),
        (&|report| report.kernel_images.truncate(1), "the rescue system anya-rescue.efi is missing"),
        (
            &|report| {
                report.kernel_images[1] =
                    image_of("anya-rescue.efi", "zz-anya-rescue", "anya.rescue", PCR_SIGNATURES);
            },
            "it could open the data",
        ),
        (
            &|report| report.kernel_images[1].command_line = format!("roothash={hash}"),
            "it is to start no root",
        ),
        (
            &|report| report.kernel_images[1].image_id = Some("anya".to_owned()),
            "anya-rescue.efi does not call itself zz-anya-rescue",
        ),
        (&|report| report.kernel_images[0].name = "anya_1.2.3.efi".to_owned(), "counts no tries"),
        (
            &|report| report.kernel_images[0].name = "anya_1.2.4+3.efi".to_owned(),
            "is of version 1.2.3: its name says another",
        ),
        (&|report| report.kernel_images[0].name = "other.efi".to_owned(), "is no name of an entry"),
        (
            &|report| report.partitions[0].size = 80 << 20,
            "for 3 kernel images and the rescue system it takes 84.0 MiB",
        ),
    ];
    for (change, fault) in cases {
        assert!(told(change).contains(fault), "{fault} is not told:\n{}", told(change));
    }
}

#[test]
fn the_superblock_tells_the_size() {
    let mut block = [0; 128];
    assert!(root::used_of(&block).unwrap_err().to_string().contains("no erofs"));
    block[..4].copy_from_slice(&0xe0f5_e1e2_u32.to_le_bytes());
    block[12] = 12;
    block[36..40].copy_from_slice(&1000_u32.to_le_bytes());
    assert_eq!(root::used_of(&block).unwrap(), 4_096_000);
}
