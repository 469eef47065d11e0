//! The WebSocket of one connection.

use crest_schema::SUBPROTOCOL;
use crest_schema::limits::SERVER_FRAME_BYTES;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::Server;

/// Bytes read from a socket at once: most frames are smaller, and there are thousands of sockets.
const READ_BYTES: usize = 8 * 1024;

pub(super) type Socket = WebSocketStream<TcpStream>;

/// Connects and upgrades.
pub(super) async fn upgrade(server: &Server) -> anyhow::Result<Socket> {
    let stream = server.dial().await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{}/ws", server.authority).into_client_request()?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(SERVER_FRAME_BYTES))
        .max_frame_size(Some(SERVER_FRAME_BYTES));
    let (socket, _) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}
