//! TURN against a small server that does as RFC 8656 says, or not.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/relay.rs"]
mod relay;
#[path = "support/run.rs"]
mod run;

use std::process::{Command, Output};

use relay::{Fault, SECRET, start};

#[test]
fn a_right_server_passes() {
    let text = run::passed(&relayed(Fault::None, &traffic()));
    assert!(text.contains("\"lost\":0,"), "{text}");
}

#[test]
fn clients_on_tcp_are_heard() {
    let options = [&traffic()[..], &["--transport=tcp", "--size=1199"]].concat();
    let text = run::passed(&relayed(Fault::None, &options));
    assert!(text.contains("\"lost\":0,"), "{text}");
}

#[test]
fn allocations_that_say_nothing_are_there_at_the_end() {
    // Not this process: children of other tests, which run at the same time, come and go.
    let mut measured = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = format!("--server-pid={}", measured.id());
    let output = relayed(Fault::None, &["turn-idle", "--connections=3", "--warmup=2", "--settle=0", &pid]);
    measured.kill().unwrap();
    measured.wait().unwrap();
    run::passed(&output);
}

#[test]
fn clients_come_and_go() {
    run::passed(&relayed(Fault::None, &["turn-allocate", "--connections=2", "--warmup=7", "--seconds=0"]));
}

#[test]
fn a_request_that_is_lost_is_sent_again() {
    run::passed(&relayed(Fault::Deaf, &traffic()));
}

#[test]
fn a_lost_packet_is_counted() {
    let text = run::passed(&relayed(Fault::LoseOne, &traffic()));
    assert!(text.contains("\"lost\":2,"), "one of each client: {text}");
}

#[test]
fn many_lost_packets_fail() {
    fails(Fault::LoseMany, "packets were lost");
}

#[test]
fn a_way_that_nothing_comes_through_fails() {
    fails(Fault::LoseAll, "nothing arrived for 1 s; allocation 0 relays nothing");
}

#[test]
fn a_repeated_packet_fails() {
    fails(Fault::Repeat, "got message 3 again");
}

#[test]
fn swapped_packets_fail() {
    fails(Fault::Swap, "got message 3 again, having all before 5: duplicate or out of order");
}

#[test]
fn a_damaged_packet_fails() {
    fails(Fault::Damage, "damaged bytes instead of message 3");
}

#[test]
fn a_packet_on_another_channel_fails() {
    fails(Fault::Channel, "got a message that nobody sent to it");
}

#[test]
fn a_packet_from_another_relay_fails() {
    fails(Fault::Source, "got a message that nobody sent to it");
}

#[test]
fn a_packet_outside_of_channels_fails() {
    fails(Fault::Indication, "neither an answer nor a channel's data");
}

#[test]
fn a_refusal_fails_and_is_shown() {
    fails(Fault::Refuse, "refused: 486 Allocation Quota Reached");
}

#[test]
fn a_grant_without_its_seal_fails() {
    fails(Fault::Unsealed, "neither a refusal nor a grant with its seal");
}

#[test]
fn a_server_that_is_silent_fails() {
    fails(Fault::Silent, "stalled: nothing arrived for 1 s; 2 of 2 allocations are not done");
}

#[test]
fn a_window_that_cannot_be_filled_is_refused() {
    for window in ["--window=0", "--window=65"] {
        run::failed(&relayed(Fault::None, &["turn", window]), "a window of");
    }
}

/// Two allocations with four packets to and fro in each.
fn traffic() -> [&'static str; 5] {
    ["turn", "--connections=2", "--window=4", "--warmup=0", "--seconds=1"]
}

fn fails(fault: Fault, complaint_has: &str) {
    run::failed(&relayed(fault, &traffic()), complaint_has);
}

/// The load generator against a server with the fault.
fn relayed(fault: Fault, options: &[&str]) -> Output {
    run::load(&format!("turn://{}/", start(fault)), &[options, &["--secret", SECRET]].concat())
}
