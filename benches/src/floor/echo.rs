//! Answers every message with itself.

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio_tungstenite::WebSocketStream;

use super::listen::{accept, listen};

pub async fn serve(coalescing: bool) -> anyhow::Result<()> {
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        spawn_local(async move {
            // A client that goes away ends its own task and nothing else.
            if let Ok((_, socket)) = accept(stream).await {
                let _ = answer(socket, coalescing).await;
            }
        });
    }
}

async fn answer(mut socket: WebSocketStream<TcpStream>, coalescing: bool) -> anyhow::Result<()> {
    while let Some(message) = socket.next().await {
        if !coalescing {
            socket.send(message?).await?;
            continue;
        }
        socket.feed(message?).await?;
        while let Some(Some(message)) = socket.next().now_or_never() {
            socket.feed(message?).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}
