//! Small servers, which last as long as the tests of a file.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Gives each connection a thread in which it is served; where the server is.
pub(crate) fn start<T: Send + 'static>(
    serve: impl Fn(TcpStream) -> T + Clone + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, stream) = (serve.clone(), stream.unwrap());
            thread::spawn(move || serve(stream));
        }
    });
    address
}
