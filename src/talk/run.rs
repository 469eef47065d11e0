//! The shell: carries out what the core says, over a socket and a terminal.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crest_schema::codec::Malformed;
use crest_schema::frame::{Id, ServerFrame};
use crest_schema::limits::SERVER_FRAME_BYTES;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::args::TalkArgs;
use super::editor::{Edit, Editor};
use super::entrance::Entrance;
use super::failure::TalkError;
use super::line::{Line, Mark, Out};
use super::post::Address;
use super::reconnect::Reconnect;
use super::screen::{Look, Screen};
use super::state::{Lost, Talk};
use super::terminal::{self, RawMode, Typed};

type Socket = WebSocketStream<TcpStream>;

/// Talks until the person quits, standard input ends or the server says not to come back.
///
/// Ends with an error at once where the first connection fails; later it reconnects by itself.
pub async fn run(args: TalkArgs) -> Result<(), TalkError> {
    let address = Address::parse(&args.url)?;
    let password = std::env::var("CREST_PASSWORD").ok();
    let (mut entrance, notes) = Entrance::new(&args, password)?;
    // The first connection comes before raw mode, so that its failure is read like any other.
    let (socket, ticket) = open(&address, &mut entrance).await?;
    let mut client = Client::start(&args)?;
    for note in notes {
        client.lines.push(Line::new(Mark::Hint, note));
    }
    let ended = client.talk(&address, &mut entrance, socket, ticket).await;
    client.leave();
    match ended? {
        Some(why) => Err(TalkError::Stopped(why)),
        None => Ok(()),
    }
}

/// Why the time on one connection ended.
enum Ended {
    Lost(Option<u16>),
    Quit(Option<String>),
}

struct Client {
    talk: Talk,
    typed: mpsc::Receiver<Typed>,
    /// Standard input is over: what is unanswered is waited for, then the client ends.
    input_over: bool,
    look: Look,
    interactive: Option<Interactive>,
    lines: Vec<Line>,
}

struct Interactive {
    _raw: RawMode,
    screen: Screen,
    editor: Editor,
}

impl Client {
    fn start(args: &TalkArgs) -> Result<Self, TalkError> {
        let interactive = !args.plain && terminal::is_interactive();
        let unix_s = (now_ms() / 1_000).cast_signed();
        let look = Look {
            colours: interactive && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
            offset_s: terminal::local_offset_s(unix_s),
            columns: None,
        };
        let interactive = match interactive {
            true => Some(Interactive {
                _raw: RawMode::enter()?,
                screen: Screen::default(),
                editor: Editor::default(),
            }),
            false => None,
        };
        Ok(Self {
            talk: Talk::new(args.side, Box::new(|| Id(rand::random()))),
            typed: terminal::read_input(interactive.is_none()),
            input_over: false,
            look,
            interactive,
            lines: Vec::new(),
        })
    }

    async fn talk(
        &mut self,
        address: &Address,
        entrance: &mut Entrance,
        first: Socket,
        ticket: String,
    ) -> Result<Option<String>, TalkError> {
        let mut reconnect = Reconnect::default();
        let mut connection = Some((first, ticket));
        loop {
            let mut close = match connection.take() {
                Some((socket, ticket)) => {
                    reconnect.connected(now_ms());
                    match self.converse(socket, ticket).await? {
                        Ended::Quit(why) => return Ok(why),
                        Ended::Lost(close) => close,
                    }
                }
                None => None,
            };
            loop {
                let (lost, outs) = self.talk.lost(close.take());
                self.show(outs)?;
                let retry_after_ms = match lost {
                    Lost::Stop(why) => return Ok(Some(why)),
                    Lost::Return { retry_after_ms } => retry_after_ms,
                };
                let pause = reconnect.lost(now_ms(), retry_after_ms, rand::random());
                let floor = u64::from(retry_after_ms.unwrap_or(0));
                if let Some(why) = self.wait(pause, floor).await? {
                    return Ok(why);
                }
                match open(address, entrance).await {
                    Ok(opened) => {
                        connection = Some(opened);
                        break;
                    }
                    Err(error) if error.temporary() => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// One connection, from hello to its end.
    async fn converse(&mut self, mut socket: Socket, ticket: String) -> Result<Ended, TalkError> {
        let outs = self.talk.connected(now_ms(), ticket);
        if let Some(ended) = self.carry_out(&mut socket, outs).await? {
            return Ok(ended);
        }
        let mut tick = interval(Duration::from_secs(1));
        loop {
            if self.input_over && self.talk.is_settled(now_ms()) {
                let _ = socket.close(None).await; // we go either way
                return Ok(Ended::Quit(None));
            }
            let outs = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Binary(bytes))) => self.received(&bytes)?,
                    Some(Ok(Message::Close(frame))) => {
                        let code = frame.map(|it| u16::from(it.code));
                        return Ok(Ended::Lost(code));
                    }
                    Some(Ok(_)) => {
                        self.talk.heard(now_ms());
                        Vec::new()
                    }
                    Some(Err(_)) | None => return Ok(Ended::Lost(None)),
                },
                typed = self.typed.recv(), if !self.input_over => self.typed(typed),
                _ = tick.tick() => self.talk.tick(now_ms()),
            };
            if let Some(ended) = self.carry_out(&mut socket, outs).await? {
                return Ok(ended);
            }
        }
    }

    fn received(&mut self, bytes: &[u8]) -> Result<Vec<Out>, TalkError> {
        match ServerFrame::decode(bytes) {
            Ok((reference, frame)) => Ok(self.talk.frame(now_ms(), reference, frame)),
            // Something newer than this client: the protocol asks to go on without it.
            Err(Malformed::UnknownType { .. } | Malformed::Body { .. }) => {
                self.talk.heard(now_ms());
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends and prints; one flush for what belongs together.
    async fn carry_out(
        &mut self,
        socket: &mut Socket,
        outs: Vec<Out>,
    ) -> Result<Option<Ended>, TalkError> {
        let mut ended = None;
        for out in &outs {
            match out {
                Out::Send(reference, frame) => {
                    let bytes = frame.encode(*reference);
                    if socket.feed(Message::Binary(bytes)).await.is_err() {
                        ended = Some(Ended::Lost(None));
                    }
                }
                Out::Drop => ended = Some(Ended::Lost(None)),
                Out::Quit(why) => ended = Some(Ended::Quit(why.clone())),
                Out::Print(_) | Out::Brief(_) => {}
            }
        }
        let _ = socket.flush().await; // reading goes on after a failure: a `bye` may say why
        self.show(outs)?;
        if let Some(Ended::Quit(_)) = ended {
            let _ = socket.close(None).await; // we go either way
        }
        Ok(ended)
    }

    /// Pauses between connections; what is typed meanwhile waits with the rest, and a line typed
    /// after `floor_ms` ends the pause.
    async fn wait(
        &mut self,
        pause_ms: u64,
        floor_ms: u64,
    ) -> Result<Option<Option<String>>, TalkError> {
        let begun = Instant::now();
        let until = begun + Duration::from_millis(pause_ms);
        let floor = begun + Duration::from_millis(floor_ms);
        self.talk.pauses_until(now_ms() + pause_ms);
        let mut tick = interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = sleep_until(until) => return Ok(None),
                _ = tick.tick() => self.show(Vec::new())?,
                typed = self.typed.recv(), if !self.input_over => {
                    let entered = matches!(&typed, Some(Typed::Bytes(bytes)) if bytes.contains(&b'\r'));
                    let outs = self.typed(typed);
                    let quit = outs.iter().find_map(|out| match out {
                        Out::Quit(why) => Some(why.clone()),
                        _ => None,
                    });
                    self.show(outs)?;
                    if quit.is_some() || (entered && Instant::now() >= floor) {
                        return Ok(quit);
                    }
                }
            }
        }
    }

    fn typed(&mut self, typed: Option<Typed>) -> Vec<Out> {
        match typed {
            Some(Typed::Line(line)) => self.talk.line(now_ms(), &line),
            Some(Typed::Bytes(bytes)) => self.keys(&bytes),
            Some(Typed::End) | None => {
                self.input_over = true;
                Vec::new()
            }
        }
    }

    fn keys(&mut self, bytes: &[u8]) -> Vec<Out> {
        let Some(interactive) = &mut self.interactive else {
            return Vec::new();
        };
        let mut outs = Vec::new();
        for edit in interactive.editor.feed(bytes) {
            match edit {
                Edit::Line(line) => outs.extend(self.talk.line(now_ms(), &line)),
                Edit::Typed if !interactive.editor.text().starts_with('/') => {
                    outs.extend(self.talk.typing(now_ms()));
                }
                Edit::Leave => outs.push(Out::Quit(None)),
                Edit::Redraw => interactive.screen.forget(),
                Edit::Typed | Edit::Moved => {}
            }
        }
        outs
    }

    fn show(&mut self, outs: Vec<Out>) -> Result<(), TalkError> {
        for out in outs {
            match out {
                Out::Print(line) => self.lines.push(line),
                Out::Brief(line) if self.interactive.is_none() => self.lines.push(line),
                Out::Brief(_) | Out::Send(..) | Out::Drop | Out::Quit(_) => {}
            }
        }
        let lines = std::mem::take(&mut self.lines);
        let mut bytes = String::new();
        match &mut self.interactive {
            Some(it) => {
                let live = self.talk.live_rows(now_ms());
                let prompt = self.talk.prompt();
                let size = terminal::size();
                bytes = it
                    .screen
                    .draw(self.look, size, &lines, live, &prompt, &it.editor);
            }
            None => {
                for row in lines.iter().flat_map(|line| self.look.rows(line)) {
                    bytes.push_str(&row);
                    bytes.push('\n');
                }
            }
        }
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// Takes the live rows away and gives the terminal back.
    fn leave(&mut self) {
        if let Some(mut it) = self.interactive.take() {
            let erase = it.screen.erase();
            let _ = std::io::stdout().write_all(erase.as_bytes());
        }
    }
}

/// A ticket, and a WebSocket to use it on.
async fn open(address: &Address, entrance: &mut Entrance) -> Result<(Socket, String), TalkError> {
    let ticket = entrance.ticket(address, now_ms() / 1_000).await?;
    let stream = address.connect().await?;
    let failed = |error: SocketError| TalkError::WebSocket(Box::new(error));
    let url = format!("ws://{}/ws", address.authority);
    let mut request = url.into_client_request().map_err(failed)?;
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        HeaderValue::from_static(crest_schema::SUBPROTOCOL),
    );
    let config = WebSocketConfig::default()
        .max_message_size(Some(SERVER_FRAME_BYTES))
        .max_frame_size(Some(SERVER_FRAME_BYTES));
    let handshake = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
    let (socket, _) = address.in_time(handshake).await?.map_err(failed)?;
    Ok((socket, ticket))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| it.as_millis() as u64)
}
