//! Binding: what a client is told about its address, and how little.

use stun_types::message::{MessageClass, MessageWrite, MessageWriteExt};

use crate::world::*;

#[test]
fn a_client_learns_its_address() {
    let mut world = World::new(settings());
    for at in [udp("198.41.0.4:1234"), udp("[2600::4]:1234"), tcp("198.41.0.4:1234", 3)] {
        let answer = world.ask(at, &User::new(at).plain(BINDING, &[]));
        assert!(answer.is_success());
        assert_eq!(answer.addresses(XOR_MAPPED_ADDRESS), [at.remote]);
        assert_eq!(answer.attributes(), [XOR_MAPPED_ADDRESS]);
    }
    assert_eq!(world.held(), (0, 0, 0));
}

#[test]
fn a_mapped_address_is_told_as_what_it_is() {
    let mut world = World::new(settings());
    let at = udp("[::ffff:198.41.0.4]:1234");
    let answer = world.ask(at, &User::new(at).plain(BINDING, &[]));
    assert_eq!(answer.addresses(XOR_MAPPED_ADDRESS), [address("198.41.0.4:1234")]);
}

#[test]
fn a_fingerprint_is_answered_with_one() {
    let mut world = World::new(settings());
    let at = udp("198.41.0.4:1234");
    let mut request = User::new(at).bare(MessageClass::Request, BINDING, &[]);
    request.add_fingerprint().unwrap();
    assert_eq!(world.ask(at, &request.finish()).attributes(), [XOR_MAPPED_ADDRESS, FINGERPRINT]);
}

#[test]
fn what_must_be_understood_and_is_not_is_named() {
    let mut world = World::new(settings());
    let at = udp("198.41.0.4:1234");
    // CHANGE-REQUEST and PRIORITY must be understood; ICE-CONTROLLED need not be.
    let attributes: [(u16, &[u8]); 3] = [(0x0003, &[0, 0, 0, 6]), (0x0024, &[1, 2, 3, 4]), (0x8029, &[0; 8])];
    let answer = world.ask(at, &User::new(at).plain(BINDING, &attributes));
    assert_eq!(answer.code(), 420);
    assert_eq!(answer.value(UNKNOWN_ATTRIBUTES).unwrap(), [0, 3, 0, 0x24]);
}

#[test]
fn indications_and_answers_are_not_answered() {
    let mut world = World::new(settings());
    let at = udp("198.41.0.4:1234");
    for class in [MessageClass::Indication, MessageClass::Success, MessageClass::Error] {
        assert_eq!(world.try_ask(at, &User::new(at).bare(class, BINDING, &[]).finish()), None);
    }
}
