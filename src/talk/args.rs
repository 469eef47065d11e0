//! The command line of `crest talk`.

use clap::{Args, ValueEnum};

/// Where a server listens that was told nothing else.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Talk from a terminal: ask as a customer, serve as an agent, watch as a supervisor.
#[derive(Args, Clone, Debug)]
pub struct TalkArgs {
    /// Who you are
    #[arg(long = "as", value_enum, default_value_t = Side::Customer)]
    pub side: Side,
    /// Where the server listens
    #[arg(long, default_value = DEFAULT_URL)]
    pub url: String,
    /// The shop
    #[arg(long, default_value = "demo")]
    pub tenant: String,
    /// The customer's way in: web or app
    #[arg(long, default_value = "web")]
    pub channel: String,
    /// The customer's name, signed with the demo shop's key; without it, an unknown visitor
    #[arg(long)]
    pub name: Option<String>,
    /// The customer's tier, 0 to 9, signed with the name
    #[arg(long, default_value_t = 0, requires = "name", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub tier: u8,
    /// Login of an agent or supervisor; a demo account without it
    #[arg(long)]
    pub user: Option<String>,
    /// Password of that login; else CREST_PASSWORD, else the demo account's
    #[arg(long)]
    pub password: Option<String>,
    /// Lines only: no colours, no live rows; commands are read from standard input
    #[arg(long)]
    pub plain: bool,
}

/// Which end of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    Customer,
    Agent,
    Supervisor,
}
