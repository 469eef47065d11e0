//! Where a request really came from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

/// The client's address: the peer's, or, where the peer is a proxy we trust, the last address in
/// `X-Forwarded-For` that is no such proxy. Whatever lies before it, the client may have written.
pub(super) fn client(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    // Without a peer (in-process calls) all share one address, the strictest reading.
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| {
            peer.ip().to_canonical()
        });
    if !trusted.contains(&peer) {
        return peer;
    }
    let mut nearest = peer;
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in value.to_str().unwrap_or_default().rsplit(',') {
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                return nearest;
            };
            nearest = hop.to_canonical();
            if !trusted.contains(&nearest) {
                return nearest;
            }
        }
    }
    nearest
}
