//! A node in miniature, and a client that speaks HTTP by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crest_actors::conversation::{
    Author, Body, CloseReason, Entry, Event, Message, Opened, PhaseKind, Summary,
};
use crest_actors::ids::{
    AgentId, ChannelId, ConversationId, ConversationKey, CustomerId, GroupId, Millis, Seq, Shard,
    TenantId,
};
use futures_util::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::auth::{Auth, Role};
use crate::config::Config;
use crate::desk::tests::TestDesk;
use crate::desk::{
    DeskStore, Installation, NewStaff, StaffMember, StaffRole, Tenant, TenantSettings,
};
use crate::http::{
    ActorLine, ActorsQuery, ActorsSnapshot, ActorsView, Archive, ArchiveFailure, Check,
    ClusterSnapshot, ClusterStatus, ConversationPage, ConversationQuery, HttpParts, HttpState,
    KindLine, Readiness, TranscriptPart, router,
};

pub(super) const NOW: u64 = 1_800_000_000_000;
/// Opened one after the other: by whom held, and in which group.
pub(super) const HELD: [(&str, &str); 4] = [
    ("lin", "presale"),
    ("wang", "vip"),
    ("lin", "vip"),
    ("zhao", "presale"),
];

pub(super) struct Node {
    pub(super) address: SocketAddr,
    pub(super) desk: TestDesk,
    pub(super) auth: Arc<Auth>,
    pub(super) clock: Arc<AtomicU64>,
}

/// Status, head and body as they came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Node {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let desk = TestDesk::demo().await;
        let mut config = Config::defaults();
        config.auth.hash_memory_kib = 8;
        config.auth.hash_passes = 1;
        change(&mut config);
        let auth = Arc::new(
            Auth::open(desk.desk.clone(), &config.auth, 0)
                .await
                .unwrap(),
        );
        let clock = Arc::new(AtomicU64::new(NOW));
        let told = clock.clone();
        let state = HttpState::new(HttpParts {
            config: Arc::new(config),
            desk: desk.desk.clone(),
            auth: auth.clone(),
            archive: Arc::new(Told),
            actors: Arc::new(Told),
            cluster: Arc::new(Told),
            readiness: Arc::new(Told),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            article_check: Box::new(|_, body| match body["title"] {
                Value::String(_) => Ok(()),
                _ => Err("title is missing".to_owned()),
            }),
            clock: Box::new(move || Millis(told.load(Ordering::SeqCst))),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            address,
            desk,
            auth,
            clock,
        }
    }

    /// Sends head lines and a body, and reads to the end of the connection.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: crest\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(super) async fn get(&self, path: &str, session: &str) -> Answer {
        let bearer = format!("Bearer {session}");
        self.send("GET", path, &[("authorization", &bearer)], "")
            .await
    }

    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        session: &str,
        body: &Value,
    ) -> Answer {
        let bearer = format!("Bearer {session}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        self.send(method, path, &headers, &body.to_string()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send("POST", path, &headers, &body.to_string()).await
    }

    pub(super) async fn log_in(&self, tenant: &str, login: &str, password: &str) -> String {
        let body = json!({"tenant": tenant, "login": login, "password": password});
        let answer = self.post("/v1/login", &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// A session of that role in the demo tenant.
    pub(super) async fn session(&self, role: Role) -> String {
        match role {
            Role::Agent => self.log_in("demo", "lin", "demo-agent").await,
            Role::Supervisor => self.log_in("demo", "sun", "demo-supervisor").await,
            Role::Admin => self.log_in("demo", "admin", "demo-admin-2024").await,
            Role::Customer => panic!("customers have no session"),
        }
    }

    /// Another tenant with an admin of its own; gives the admin's session.
    pub(super) async fn other_tenant(&self) -> String {
        let hash = self.auth.hash_password("other-admin".to_owned()).await;
        let installation = Installation {
            tenant: Tenant {
                id: TenantId::new("other"),
                settings: TenantSettings::new("Other", "only"),
            },
            keys: Vec::new(),
            groups: vec![serde_json::from_value(json!({"id": "only", "name": "Only"})).unwrap()],
            staff: vec![NewStaff {
                member: StaffMember {
                    id: "boss".to_owned(),
                    name: "Boss".to_owned(),
                    role: StaffRole::Admin,
                    groups: Vec::new(),
                    skills: Vec::new(),
                    capacity: 0,
                    active: true,
                },
                hash: hash.unwrap(),
            }],
            articles: Vec::new(),
            canned: Vec::new(),
            at: Millis(NOW),
        };
        self.desk.desk.install(installation).await.unwrap();
        self.log_in("other", "boss", "other-admin").await
    }
}

/// Stands in for the node's archive, actors and readiness.
struct Told;

pub(super) fn conversation(number: usize) -> ConversationId {
    ConversationId::mint(Millis(number as u64), [0; 9], Shard(0))
}

fn summaries() -> Vec<Summary> {
    let summary = |(number, (agent, group)): (usize, &(&str, &str))| Summary {
        key: ConversationKey {
            tenant: TenantId::new("demo"),
            id: conversation(number),
        },
        customer: CustomerId::new("c1"),
        channel: ChannelId::new("web"),
        tier: 0,
        phase: if number == 0 {
            PhaseKind::Closed
        } else {
            PhaseKind::Active
        },
        position: Seq(1),
        group: GroupId::new(group),
        agent: Some(AgentId::new(agent)),
        taken_over: false,
        opened_at: Millis(1_000 + number as u64),
        phase_since: Millis(1_000),
        enqueued_at: None,
        closed_at: (number == 0).then_some(Millis(2_000)),
        close_reason: (number == 0).then_some(CloseReason::Resolved),
        rating: None,
        awake: false,
    };
    let mut all: Vec<Summary> = HELD.iter().enumerate().map(summary).collect();
    all.reverse();
    all
}

pub(super) fn entries() -> Vec<Entry<Event>> {
    let entry = |seq, customer_seq: Option<u64>, event| Entry {
        seq: Seq(seq),
        at: Millis(1_000 + seq),
        customer_seq: customer_seq.map(Seq),
        event,
    };
    let opened = Opened {
        opening: 0,
        customer: CustomerId::new("c1"),
        channel: ChannelId::new("web"),
        tier: 0,
        display_name: None,
        attributes: vec![("city".to_owned(), "上海".to_owned())],
        language: None,
        group: GroupId::new("presale"),
        sticky: None,
    };
    let message = Message {
        author: Author::Customer,
        id: Some(crest_actors::ids::ClientMsgId([1; 16])),
        body: Body::Text("怎么退定金".into()),
    };
    let whisper = Event::Whisper {
        author: AgentId::new("sun"),
        id: crest_actors::ids::ClientMsgId([2; 16]),
        text: "offer a coupon".to_owned(),
    };
    vec![
        entry(1, Some(1), Event::Opened(opened)),
        entry(2, Some(2), Event::Message(message)),
        entry(3, None, whisper),
    ]
}

impl ClusterStatus for Told {
    fn cluster(&self) -> ClusterSnapshot {
        ClusterSnapshot {
            node: 3,
            standing: "member".to_owned(),
            ..ClusterSnapshot::default()
        }
    }
}

impl Archive for Told {
    fn list(
        &self,
        query: ConversationQuery,
    ) -> BoxFuture<'static, Result<ConversationPage, ArchiveFailure>> {
        let fits = |summary: &Summary| {
            summary.key.tenant == query.tenant
                && query.phase.is_none_or(|phase| phase == summary.phase)
                && query
                    .agent
                    .as_ref()
                    .is_none_or(|agent| Some(agent) == summary.agent.as_ref())
                && query.from.is_none_or(|from| summary.opened_at >= from)
                && query.to.is_none_or(|to| summary.opened_at < to)
                && query
                    .visible_to
                    .as_ref()
                    .is_none_or(|visible| visible.includes(summary))
                && query.cursor.is_none_or(|cursor| summary.key.id < cursor)
        };
        let mut found: Vec<_> = summaries().into_iter().filter(fits).collect();
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let page = ConversationPage {
            next: found.last().filter(|_| more).map(|last| last.key.id),
            conversations: found,
        };
        Box::pin(async { Ok(page) })
    }

    fn transcript(
        &self,
        key: ConversationKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Option<TranscriptPart>, ArchiveFailure>> {
        if key.id == conversation(99) {
            return Box::pin(std::future::pending());
        }
        if key.id == conversation(98) {
            let broken = ArchiveFailure::Corrupt("log.db at 4096".to_owned());
            return Box::pin(async { Err(broken) });
        }
        let part = summaries()
            .into_iter()
            .find(|summary| summary.key == key)
            .map(|summary| TranscriptPart {
                summary,
                entries: entries()
                    .into_iter()
                    .filter(|entry| entry.seq > after)
                    .take(limit)
                    .collect(),
            });
        Box::pin(async { Ok(part) })
    }
}

impl ActorsView for Told {
    fn actors(&self, query: ActorsQuery) -> BoxFuture<'static, ActorsSnapshot> {
        let kind = query.kind.unwrap_or_else(|| "queue".to_owned());
        let line = ActorLine {
            kind: kind.clone(),
            id: format!("{}/presale", query.tenant),
            shard: 7,
            arbiter: 0,
            waiting: 0,
            last_seq: 0,
            restarts: 0,
            state: "3 waiting".to_owned(),
        };
        let kinds = vec![KindLine {
            kind,
            live: 1,
            restarts: 0,
        }];
        let actors = vec![line];
        Box::pin(async { ActorsSnapshot { kinds, actors } })
    }
}

impl Readiness for Told {
    fn checks(&self) -> Vec<Check> {
        vec![Check {
            name: "log".to_owned(),
            ready: false,
            detail: "the disk is full; make room".to_owned(),
        }]
    }
}

pub(super) fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {answer}"))
}
