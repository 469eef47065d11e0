//! The listener: HTTP/1.1 for an axum router, with upgrades, a bounded number of connections and an
//! end that is as graceful as time allows.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::limits::{ACCEPT_REST, HTTP_HEAD_BYTES, LISTEN_BACKLOG, REFUSALS, SocketLimits};

/// Listens on an address, with room for a storm ([`LISTEN_BACKLOG`]; the kernel cuts it at
/// `net.core.somaxconn`). A port of 0 lets the kernel choose.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// One of the connections a listener may hold. An upgraded connection keeps its own.
#[derive(Debug)]
pub struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A bounded number of seats, shared by everything that must keep to it.
#[derive(Clone, Debug)]
struct Seats {
    taken: Arc<AtomicUsize>,
    max: usize,
}

impl Seats {
    fn new(max: usize) -> Self {
        Self {
            taken: Arc::default(),
            max,
        }
    }

    fn take(&self) -> Option<Arc<Seat>> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        let seat = Seat(Arc::clone(&self.taken));
        (taken < self.max).then(|| Arc::new(seat))
    }
}

/// Serves a router until `shutdown` resolves; then stops accepting, lets requests end within
/// [`SocketLimits::shutdown`], and returns. Upgraded connections are not ended: they belong to
/// their gates by then. Requests carry `ConnectInfo<SocketAddr>`. Beyond
/// [`SocketLimits::connections`] every request is answered 503 with `Retry-After`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: SocketLimits,
    shutdown: impl Future<Output = ()>,
) {
    let seats = Seats::new(limits.connections);
    let refusals = Seats::new(REFUSALS);
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        if let Some(seat) = seats.take() {
            let service = TowerToHyperService::new(router.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request.extensions_mut().insert(Arc::clone(&seat));
                service.call(request)
            });
            connections.spawn(connection(tcp, service, limits.clone(), stopping.clone()));
        } else if let Some(refusal) = refusals.take() {
            let retry_after_s = limits.retry_after_s;
            let service = service_fn(move |_| {
                let _ = &refusal;
                async move { Ok::<_, Infallible>(full(retry_after_s)) }
            });
            connections.spawn(connection(tcp, service, limits.clone(), stopping.clone()));
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown, ended).await.is_err() {
        tracing::warn!(
            left = connections.len(),
            "HTTP requests cut off at shutdown"
        );
    }
}

/// One connection until it ends, is upgraded, or is told to stop after its current request.
async fn connection<S>(
    tcp: TcpStream,
    service: S,
    limits: SocketLimits,
    mut stopping: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let _ = tcp.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HTTP_HEAD_BYTES)
        .serve_connection(TokioIo::new(tcp), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let stopped = async move { drop(stopping.wait_for(|stop| *stop).await) };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection ended badly");
    }
}

fn full(retry_after_s: u32) -> Response<Body> {
    let words = "too many connections; come back later\n";
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Some failures of `accept` concern one peer only; the others pass when connections end.
async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        return;
    }
    tracing::warn!(%error, "cannot accept connections");
    tokio::time::sleep(ACCEPT_REST).await;
}
