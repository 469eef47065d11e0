//! Buses of several nodes over a real NATS server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crest_actors::effect::{Publication, Push, Traffic};
use crest_actors::ids::Shard;
use crest_actors::ports::Carrier;
use metrics_exporter_prometheus::PrometheusBuilder;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::nats::{Nats, silent};
use crate::cluster::bus::{Bus, BusFailure, Line};
use crate::config::{Cluster, Config, Secret};
use crate::translate::tests::traffic::{long_history, together, traffic};

const PATIENCE: Duration = Duration::from_secs(30);

struct Node {
    bus: Arc<Bus>,
    arrived: Receiver<(u16, Traffic)>,
    _line: Line,
}

impl Node {
    fn start(nats: &Nats, number: u16) -> Self {
        Self::with(&cluster(nats, number))
    }

    fn with(cluster: &Cluster) -> Self {
        let bus = Bus::new(cluster, [cluster.node as u8; 16], |_| {}).unwrap();
        let (arrives, arrived) = channel();
        let deliver = move |from, traffic| {
            let _ = arrives.send((from, traffic));
        };
        let line = bus.open(deliver, silent());
        let node = Self {
            bus,
            arrived,
            _line: line.unwrap(),
        };
        node.wait_until(|bus| bus.is_connected());
        node
    }

    fn wait_until(&self, what: impl Fn(&Bus) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !what(&self.bus) {
            assert!(
                Instant::now() < until,
                "connected: {}",
                self.bus.is_connected()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What arrives until as many items are here as `items`.
    fn receive(&self, items: &Traffic) -> Traffic {
        let mut all = Traffic::default();
        while crate::translate::node::count_items(&all) < crate::translate::node::count_items(items)
        {
            let (_, traffic) = self
                .arrived
                .recv_timeout(PATIENCE)
                .expect("all that was sent");
            all = together([all, traffic]);
        }
        all
    }

    /// Says something to a node until it is heard: a subscription takes a moment to stand.
    fn reach(&self, number: u16, other: &Node) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.bus.carry(number, rally("anybody there?"));
            if other
                .arrived
                .recv_timeout(Duration::from_millis(50))
                .is_ok()
            {
                break;
            }
            assert!(Instant::now() < until, "node {number} is not reached");
        }
        self.bus.carry(number, rally("quiet"));
        let quiet = |(_, traffic): (u16, Traffic)| traffic.rallies.contains(&"quiet".into());
        while !other.arrived.recv_timeout(PATIENCE).map(quiet).unwrap() {}
    }
}

pub(super) fn cluster(nats: &Nats, node: u16) -> Cluster {
    Cluster {
        node,
        nats_url: nats.url(),
        ..Config::defaults().cluster
    }
}

fn rally(name: &str) -> Traffic {
    Traffic {
        rallies: vec![name.into()],
        ..Traffic::default()
    }
}

/// A history of more than a megabyte.
fn long() -> Traffic {
    let session = traffic()
        .iter()
        .find_map(|it| Some(it.pushes.first()?.0))
        .unwrap();
    Traffic {
        pushes: vec![(session, long_history())],
        ..Traffic::default()
    }
}

#[test]
fn two_nodes_exchange_every_sample() {
    let Some(nats) = Nats::start(&[]) else { return };
    let (one, two) = (Node::start(&nats, 1), Node::start(&nats, 2));
    one.reach(2, &two);
    two.reach(1, &one);
    let all = together(traffic().into_iter().chain([long()]));
    for sample in traffic() {
        one.bus.carry(2, sample);
    }
    one.bus.carry(2, long());
    assert_eq!(two.receive(&all), all);
    two.bus.carry(1, all.clone());
    assert_eq!(one.receive(&all), all);
}

#[test]
fn what_is_for_all_reaches_every_other_node_once() {
    let Some(nats) = Nats::start(&[]) else { return };
    let nodes = [1, 2, 3].map(|number| Node::start(&nats, number));
    let [one, two, three] = &nodes;
    one.reach(2, two);
    one.reach(3, three);
    two.reach(1, one);
    one.bus.carry_to_all(rally("to all"));
    for (number, to) in [(2, two), (3, three)] {
        assert_eq!(to.arrived.recv_timeout(PATIENCE), Ok((1, rally("to all"))));
        two.reach(1, one); // everything older has arrived by now
        one.reach(number, to);
        assert!(to.arrived.try_recv().is_err());
    }
    assert!(one.arrived.try_recv().is_err(), "not to itself");
}

#[test]
fn another_cluster_on_the_same_server_hears_nothing() {
    let Some(nats) = Nats::start(&[]) else { return };
    let (one, two) = (Node::start(&nats, 1), Node::start(&nats, 2));
    let stranger = Node::with(&Cluster {
        name: "staging".into(),
        ..cluster(&nats, 2)
    });
    let friend = Node::with(&Cluster {
        name: "staging".into(),
        ..cluster(&nats, 1)
    });
    friend.reach(2, &stranger);
    one.reach(2, &two);
    one.bus.carry_to_all(rally("to all"));
    two.receive(&rally("to all"));
    friend.reach(2, &stranger);
    assert!(stranger.arrived.try_recv().is_err());
}

#[test]
fn a_server_killed_and_started_again_is_found_again() {
    let Some(mut nats) = Nats::start(&[]) else {
        return;
    };
    let (one, two) = (Node::start(&nats, 1), Node::start(&nats, 2));
    one.reach(2, &two);
    nats.kill();
    one.wait_until(|bus| !bus.is_connected());
    two.wait_until(|bus| !bus.is_connected());
    let metrics = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&metrics, || {
        one.bus.carry(2, together(vec![rally("lost"); 7]));
        one.bus.carry_to_all(rally("lost too"));
    });
    let told = metrics.handle().render();
    let counted = r#"crest_bus_dropped_items_total{why="away"} 8"#;
    assert!(told.contains(counted), "{told}");
    nats.restart();
    one.wait_until(|bus| bus.is_connected());
    two.wait_until(|bus| bus.is_connected());
    one.reach(2, &two);
    two.reach(1, &one);
    let all = together(traffic());
    one.bus.carry(2, all.clone());
    assert_eq!(two.receive(&all), all, "and nothing of what was dropped");
}

#[test]
fn a_node_that_starts_before_its_server_finds_it() {
    let Some(mut nats) = Nats::start(&[]) else {
        return;
    };
    nats.kill();
    let bus = Bus::new(&cluster(&nats, 1), [1; 16], |_| {}).unwrap();
    let _line = bus.open(|_, _| {}, silent()).unwrap();
    assert!(!bus.is_connected());
    nats.restart();
    let two = Node::start(&nats, 2);
    let until = Instant::now() + PATIENCE;
    while !bus.is_connected() {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
    bus.carry(2, rally("here"));
    assert_eq!(two.arrived.recv_timeout(PATIENCE), Ok((1, rally("here"))));
}

/// The receiver does not take a thing until the sender has sent everything: were the sender to wait,
/// neither would ever go on.
#[test]
fn a_slow_receiver_does_not_block_the_sender() {
    let Some(nats) = Nats::start(&[]) else { return };
    let one = Node::start(&nats, 1);
    let bus = Bus::new(&cluster(&nats, 2), [2; 16], |_| {}).unwrap();
    let ((first, heard), (go_on, may)) = (channel(), channel::<()>());
    let deliver = move |_, traffic: Traffic| {
        let _ = first.send(traffic.rallies.len() + traffic.publications.len());
        let _ = may.recv(); // for ever, until the test lets go
    };
    let line = bus.open(deliver, silent());
    let line = line.unwrap();
    let until = Instant::now() + PATIENCE;
    while heard.try_recv().is_err() {
        one.bus.carry(2, rally("first"));
        assert!(Instant::now() < until, "node 2 is not reached");
        std::thread::sleep(Duration::from_millis(10));
    }
    let entry = traffic()
        .into_iter()
        .find_map(|it| Some(it.publications.first()?.clone()));
    let large = Publication {
        entry: match long_history() {
            Push::AttachedStaff { history, .. } => history[0].clone(),
            other => panic!("{other:?}"),
        },
        ..entry.unwrap()
    };
    for _ in 0..3_000 {
        one.bus.carry(
            2,
            Traffic {
                publications: vec![large.clone()],
                ..Traffic::default()
            },
        );
    }
    drop(go_on);
    let got: usize =
        std::iter::from_fn(|| heard.recv_timeout(Duration::from_millis(500)).ok()).sum();
    assert!(got > 0, "what was not lost arrives once it reads again");
    line.close();
}

#[test]
fn a_server_that_hangs_does_not_block_the_sender_either() {
    let Some(nats) = Nats::start(&[]) else { return };
    let (one, two) = (Node::start(&nats, 1), Node::start(&nats, 2));
    one.reach(2, &two);
    nats.freeze();
    let metrics = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&metrics, || {
        for _ in 0..40 {
            one.bus.carry(2, long()); // 40 MiB: more than a lane and every buffer on the way
        }
    });
    let told = metrics.handle().render();
    assert!(told.contains("crest_bus_dropped_items_total"), "{told}");
    one.wait_until(|bus| !bus.is_connected());
    nats.thaw();
    one.wait_until(|bus| bus.is_connected());
    two.wait_until(|bus| bus.is_connected());
    one.reach(2, &two);
}

#[test]
fn only_who_knows_the_password_is_let_in() {
    let Some(nats) = Nats::start(&["--user", "crest", "--pass", "let-me-in"]) else {
        return;
    };
    let with = |node, password: &str| Cluster {
        nats_user: "crest".into(),
        nats_password: Secret::new(password),
        ..cluster(&nats, node)
    };
    let stranger = Bus::new(&with(3, "let-me-see"), [3; 16], |_| {}).unwrap();
    let _line = stranger.open(|_, _| {}, silent()).unwrap();
    let (one, two) = (
        Node::with(&with(1, "let-me-in")),
        Node::with(&with(2, "let-me-in")),
    );
    one.reach(2, &two);
    assert!(!stranger.is_connected());
}

/// A server's certificate and key, signed by an authority whose own certificate comes first.
fn certificates() -> [String; 3] {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let server_pem = server.signed_by(&key, &issuer).unwrap().pem();
    [authority_pem, server_pem, key.serialize_pem()]
}

#[test]
fn an_encrypted_bus_trusts_its_authority_only() {
    let folder = std::env::temp_dir().join(format!("crest-bus-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let ([authority, certificate, key], [other, ..]) = (certificates(), certificates());
    let (certificate, key) = (file("server.pem", &certificate), file("server.key", &key));
    let Some(nats) = Nats::start(&["--tls", "--tlscert", &certificate, "--tlskey", &key]) else {
        return;
    };
    let with = |node, authority: String| Cluster {
        nats_ca: authority,
        ..cluster(&nats, node)
    };
    let distrustful = with(3, file("other.pem", &other));
    let distrustful = Bus::new(&distrustful, [3; 16], |_| {}).unwrap();
    let _line = distrustful.open(|_, _| {}, silent()).unwrap();
    let authority = file("ca.pem", &authority);
    let one = Node::with(&with(1, authority.clone()));
    let two = Node::with(&with(2, authority));
    one.reach(2, &two);
    let all = together(traffic());
    one.bus.carry(2, all.clone());
    assert_eq!(two.receive(&all), all);
    assert!(!distrustful.is_connected());
    std::fs::remove_dir_all(folder).unwrap();
}

/// The password must not be sent to a server that offers no encryption, nor to one in its place.
#[test]
fn where_tls_is_asked_for_nothing_is_said_before_it() {
    let authority = std::env::temp_dir().join(format!("crest-bus-ca-{}.pem", std::process::id()));
    std::fs::write(&authority, &certificates()[0]).unwrap();
    for (scheme, authority) in [("nats", authority.to_str().unwrap()), ("tls", "")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cluster = Cluster {
            nats_url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            nats_user: "crest".into(),
            nats_password: Secret::new("let-me-in"),
            nats_ca: authority.into(),
            ..Config::defaults().cluster
        };
        let bus = Bus::new(&cluster, [1; 16], |_| {}).unwrap();
        let _line = bus.open(|_, _| {}, silent()).unwrap();
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let plain = r#"{"server_id":"s","server_name":"s","version":"2.9.10","go":"","host":"127.0.0.1","port":1,"headers":true,"max_payload":1048576,"proto":1}"#;
        socket
            .write_all(format!("INFO {plain}\r\n").as_bytes())
            .unwrap();
        let mut first = [0];
        socket.read_exact(&mut first).unwrap();
        assert_eq!(
            first,
            [0x16],
            "a TLS handshake, not CONNECT, after {scheme}"
        );
    }
    std::fs::remove_file(authority).unwrap();
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let refused = |change: fn(&mut Cluster)| {
        let mut cluster = Config::defaults().cluster;
        change(&mut cluster);
        match Bus::new(&cluster, [1; 16], |_| {}) {
            Ok(_) => panic!("{cluster:?} is taken"),
            Err(why) => why,
        }
    };
    let alone = refused(|_| {});
    assert!(matches!(alone, BusFailure::Refused(_)), "{alone}");
    let plaintext = refused(|cluster| cluster.nats_url = "nats://192.0.2.1:4222".into());
    assert!(
        plaintext
            .to_string()
            .contains("cluster.allow_plaintext_bus"),
        "{plaintext}"
    );
    let authority = refused(|cluster| {
        cluster.nats_url = "tls://192.0.2.1:4222".into();
        cluster.nats_ca = "/nowhere/ca.pem".into();
    });
    assert!(
        authority
            .to_string()
            .starts_with("cluster.nats_ca: /nowhere/ca.pem: "),
        "{authority}"
    );
}

#[test]
fn a_hint_about_a_shard_goes_to_whoever_asked_for_it() {
    let (hints, hinted) = channel();
    let mut cluster = Config::defaults().cluster;
    cluster.nats_url = "nats://127.0.0.1:1".into();
    let bus = Bus::new(&cluster, [1; 16], move |shard| hints.send(shard).unwrap()).unwrap();
    bus.misplaced(Shard(7));
    assert_eq!(hinted.try_recv(), Ok(Shard(7)));
}

#[tokio::test]
async fn whose_frames_are_missing_is_known() {
    let Some(nats) = Nats::start(&[]) else { return };
    let one = Node::start(&nats, 1);
    let missed = one.bus.missed().await;
    assert!(missed.all, "whatever was said before it connected");
    one.bus.note_missed(Some(3));
    one.bus.note_missed(Some(2));
    let missed = one.bus.missed().await;
    assert_eq!((missed.all, missed.of), (false, [2, 3].into()));
}
