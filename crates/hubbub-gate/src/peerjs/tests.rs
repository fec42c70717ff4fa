//! Which addresses are whose.

use super::*;

#[test]
fn both_paths_of_clients() {
    let places = [
        ("/peerjs", Some(Place::Socket)),
        ("/peerjs/peerjs", Some(Place::Socket)),
        ("/peerjs/id", Some(Place::NewId)),
        ("/peerjs/peerjs/id", Some(Place::NewId)),
        ("/peerjs/other/id", Some(Place::NewId)),
        ("/peerjs/peers", Some(Place::Peers)),
        ("/peerjs/peerjs/peers", Some(Place::Peers)),
        ("/peerjs/", None),
        ("/peerjsx", None),
        ("/peerjs/other", None),
        ("/peerjs/peerjs/", None),
        ("/peerjs/peerjs/id/", None),
        ("/peerjs/a/b/id", None),
        ("/peer", None),
        ("/", None),
    ];
    for (path, wanted) in places {
        assert_eq!(place(path), wanted, "{path}");
    }
}
