//! What the floors with sockets share: a listener that says where it is, and the handshake.

use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

/// Small enough to be cheap for many connections, large enough for several messages.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Listens and says so.
pub async fn listen() -> anyhow::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(4_096)?;
    println!("listening {}", listener.local_addr()?.port());
    Ok(listener)
}

/// Shakes hands; also returns the path that was asked for.
pub async fn accept(stream: TcpStream) -> anyhow::Result<(String, WebSocketStream<TcpStream>)> {
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
    let mut path = String::new();
    // The signature is the library's.
    #[allow(clippy::result_large_err)]
    let note = |request: &Request, response: Response| {
        path = request.uri().path().to_owned();
        Ok(response)
    };
    let socket = accept_hdr_async_with_config(stream, note, Some(config)).await?;
    Ok((path, socket))
}
