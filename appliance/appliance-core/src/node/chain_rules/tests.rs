//! The guard on the answers of real nodes (`../testdata/`), and on ones made up from them.

use proptest::prelude::*;

use super::*;

macro_rules! testdata {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../testdata/", $name, ".json"))).unwrap()
    };
}

fn facts(chain: Chain, network: &Value, deployments: &Value) -> NodeFacts {
    let genesis = pinned_headers(chain)[0];
    NodeFacts {
        chain,
        reported_chain: chain.name().to_owned(),
        subversion: network["subversion"].as_str().unwrap().to_owned(),
        services: serde_json::from_value(network["localservicesnames"].clone()).unwrap(),
        deployments: DeploymentFacts::from_json(deployments),
        headers: BTreeMap::from([(0, genesis.hash.to_owned())]),
    }
}

fn core_on_main() -> NodeFacts {
    facts(Chain::Main, &testdata!("core-getnetworkinfo"), &testdata!("core-main-getdeploymentinfo"))
}

fn reason(facts: &NodeFacts) -> String {
    let verdict = facts.verdict();
    assert_eq!(verdict.verdict, Verdict::Foreign, "{verdict:?}");
    verdict.reason.unwrap()
}

fn assert_bitcoin(facts: &NodeFacts) {
    assert_eq!(facts.verdict(), RulesVerdict { verdict: Verdict::Bitcoin, reason: None });
}

#[test]
fn core_follows_bitcoin() {
    assert_bitcoin(&core_on_main());
    let network = testdata!("core-getnetworkinfo");
    assert_bitcoin(&facts(Chain::Regtest, &network, &testdata!("core-regtest-getdeploymentinfo")));
}

#[test]
fn knots_on_main_is_refused_with_its_deployments_named() {
    let network = testdata!("knots-getnetworkinfo");
    let reason = reason(&facts(Chain::Main, &network, &testdata!("knots-main-getdeploymentinfo")));
    for word in ["reduced_data (type flagday)", "long_coinbase_maturity", "blake2b", "BLAKE2B?", "BIP 110"] {
        assert!(reason.contains(word), "{word} is missing in: {reason}");
    }
}

#[test]
fn knots_that_shows_no_foreign_deployment_is_known_by_its_name_and_services() {
    let network = testdata!("knots-getnetworkinfo");
    for (chain, deployments) in [
        (Chain::Signet, testdata!("knots-signet-getdeploymentinfo")),
        (Chain::Regtest, testdata!("knots-regtest-getdeploymentinfo")),
    ] {
        let reason = reason(&facts(chain, &network, &deployments));
        assert!(reason.contains("Bitcoin Knots") && reason.contains("BLAKE2B?"), "{reason}");
        assert!(!reason.contains("rule changes"), "{reason}");
    }
}

#[test]
fn each_fact_alone_is_enough_to_refuse() {
    type Change = fn(&mut NodeFacts);
    let cases: &[(&str, Change)] = &[
        ("height 840000", |f| drop(f.headers.insert(840_000, "00".repeat(32)))),
        ("height 0", |f| drop(f.headers.insert(0, pinned_headers(Chain::Test)[0].hash.to_owned()))),
        ("on the chain \"test\"", |f| f.reported_chain = "test".to_owned()),
        ("does not tell", |f| f.deployments = None),
        ("segwit2x (type bip9)", |f| deployment(f, "segwit2x", "bip9")),
        ("taproot (type flagday)", |f| deployment(f, "taproot", "flagday")),
        ("blake2b", |f| f.deployments.as_mut().unwrap().fields.push("blake2b".to_owned())),
        ("CAT", |f| f.deployments.as_mut().unwrap().script_flags.push("CAT".to_owned())),
        ("UNKNOWN[2^28]", |f| f.services.push("UNKNOWN[2^28]".to_owned())),
        ("does not know", |f| f.subversion = "/Bitcoin ABC:0.30.1/".to_owned()),
        ("does not know", |f| f.subversion = "/Satoshi:31.0.0/Other:1/".to_owned()),
        ("does not know", |f| f.subversion = String::new()),
        ("Bitcoin Knots", |f| f.subversion = "/Satoshi:29.3.0/Knots:20260508/".to_owned()),
        ("Bitcoin Knots", |f| f.subversion = "/Satoshi:29.3.0/Knots:later/".to_owned()),
    ];
    for (word, change) in cases {
        let mut facts = core_on_main();
        change(&mut facts);
        let reason = reason(&facts);
        assert!(reason.contains(word), "{word} is missing in: {reason}");
    }
}

fn deployment(facts: &mut NodeFacts, name: &str, kind: &str) {
    facts.deployments.as_mut().unwrap().deployments.insert(name.to_owned(), kind.to_owned());
}

#[test]
fn what_is_known_is_allowed() {
    for subversion in ["/Satoshi:30.2.0/", "/Satoshi:31.1.0(my box/2; x)/", "/Satoshi:29.3.0/Knots:20260507/"]
    {
        assert_bitcoin(&NodeFacts { subversion: subversion.to_owned(), ..core_on_main() });
    }
    let mut facts = core_on_main();
    deployment(&mut facts, "taproot", "bip9");
    facts.headers = pinned_headers(Chain::Main).iter().map(|p| (p.height, p.hash.to_owned())).collect();
    assert_bitcoin(&facts);
}

#[test]
fn a_pinned_block_not_reached_yet_is_no_evidence() {
    assert_bitcoin(&NodeFacts { headers: BTreeMap::new(), ..core_on_main() });
}

#[test]
fn an_answer_that_is_no_deployment_info_is_none() {
    for answer in [Value::Null, serde_json::json!({}), serde_json::json!({"deployments": []})] {
        assert_eq!(DeploymentFacts::from_json(&answer), None);
    }
}

proptest! {
    #[test]
    fn any_name_but_the_known_ones_is_refused(subversion in "\\PC{0,40}") {
        prop_assume!(!subversion.starts_with("/Satoshi:"));
        let facts = NodeFacts { subversion, ..core_on_main() };
        prop_assert_eq!(facts.verdict().verdict, Verdict::Foreign);
    }

    #[test]
    fn any_unknown_deployment_is_refused(name in "[a-z_0-9]{1,20}", kind in "[a-z]{1,10}") {
        let mut facts = core_on_main();
        deployment(&mut facts, &name, &kind);
        let expected = if is_known(&name, &kind) { Verdict::Bitcoin } else { Verdict::Foreign };
        prop_assert_eq!(facts.verdict().verdict, expected);
    }
}
