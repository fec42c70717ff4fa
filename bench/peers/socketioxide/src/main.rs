//! socketioxide in an axum application, as its documentation shows it: one namespace, in which what a client says goes to
//! everybody. Usage: `hubbub-bench-socketioxide PORT`
//!
//! One thread, because the benchmark gives each server one core; Hubbub's allocator, so that what is compared is the servers.

use std::net::Ipv4Addr;

use axum::Router;
use mimalloc::MiMalloc;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use tokio::net::TcpSocket;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// As many connections may wait to be accepted as with the other servers.
const BACKLOG: u32 = 4096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).ok_or("usage: hubbub-bench-socketioxide PORT")?.parse::<u16>()?;
    let (layer, io) = SocketIo::new_layer();
    io.ns("/lobby", async |socket: SocketRef| socket.on("message", tell_everybody));

    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening");
    axum::serve(listener, Router::new().layer(layer)).await?;
    Ok(())
}

/// The sender is one of them.
async fn tell_everybody(io: SocketIo, Data(message): Data<String>) {
    let Some(lobby) = io.of("/lobby") else { return };
    if let Err(error) = lobby.emit("message", &message).await {
        eprintln!("not everybody was told: {error}");
    }
}
