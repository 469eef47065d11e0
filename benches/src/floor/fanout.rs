//! What comes from `/publish` goes to everybody who came to `/watch`.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::listen::{accept, listen};

type Watchers<T> = Rc<RefCell<Vec<T>>>;

/// A task and a channel a watcher.
pub async fn serve_tasks(coalescing: bool) -> anyhow::Result<()> {
    let watchers: Watchers<mpsc::UnboundedSender<Message>> = Rc::default();
    serve(move |path, socket| {
        let watchers = watchers.clone();
        async move {
            if path == "/watch" {
                let (sender, queue) = mpsc::unbounded_channel();
                watchers.borrow_mut().push(sender);
                return write(socket, queue, coalescing).await;
            }
            publish(socket, |message| {
                // One that is gone stays in the list: nobody leaves before the end.
                let send = |watcher: &mpsc::UnboundedSender<_>| drop(watcher.send(message.clone()));
                watchers.borrow().iter().for_each(send);
            })
            .await
        }
    })
    .await
}

/// No task, no queue: a watcher that cannot take a frame at once misses the rest of it, which the
/// client would notice as missing deliveries.
pub async fn serve_loop() -> anyhow::Result<()> {
    let watchers: Watchers<TcpStream> = Rc::default();
    serve(move |path, socket| {
        let watchers = watchers.clone();
        async move {
            if path == "/watch" {
                watchers.borrow_mut().push(socket.into_inner());
                return Ok(());
            }
            publish(socket, |message| {
                let frame = framed(message);
                // What a watcher could not take is missed by the client, which then says so.
                let send = |watcher: &TcpStream| drop(watcher.try_write(&frame));
                watchers.borrow().iter().for_each(send);
            })
            .await
        }
    })
    .await
}

async fn serve<F>(
    each: impl Fn(String, WebSocketStream<TcpStream>) -> F + Clone + 'static,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let each = each.clone();
        spawn_local(async move {
            // A client that goes away ends its own task and nothing else.
            if let Ok((path, socket)) = accept(stream).await {
                let _ = each(path, socket).await;
            }
        });
    }
}

/// Answers each message with itself, so that a publisher knows how far it is.
async fn publish(
    mut socket: WebSocketStream<TcpStream>,
    tell: impl Fn(&Message),
) -> anyhow::Result<()> {
    while let Some(message) = socket.next().await {
        let message = message?;
        tell(&message);
        socket.send(message).await?;
    }
    Ok(())
}

async fn write(
    mut socket: WebSocketStream<TcpStream>,
    mut queue: mpsc::UnboundedReceiver<Message>,
    coalescing: bool,
) -> anyhow::Result<()> {
    while let Some(message) = queue.recv().await {
        if !coalescing {
            socket.send(message).await?;
            continue;
        }
        socket.feed(message).await?;
        while let Ok(message) = queue.try_recv() {
            socket.feed(message).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

/// A server's frame around a message of 126 to 65,535 bytes.
fn framed(message: &Message) -> Vec<u8> {
    let payload = message.clone().into_data();
    assert!(
        (126..=0xffff).contains(&payload.len()),
        "one length form is enough here"
    );
    let mut frame = vec![0x82, 126];
    frame.extend((payload.len() as u16).to_be_bytes());
    frame.extend_from_slice(&payload);
    frame
}
