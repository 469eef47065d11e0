//! `crest copy`: moves a tenant to another store.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use crest_actors::ids::TenantId;
use indicatif::{ProgressBar, ProgressStyle};

use super::verify::hex;
use super::{Done, Settings, print};
use crate::config::ConfigFailure;
use crate::copy::{End, Report, copy};
use crate::node::fold_conversation;

#[derive(Args)]
pub struct CopyArguments {
    /// Where the tenant is: `embedded` or `cql`, as configured; a node's data folder; or a
    /// configuration file (TOML), whose store is meant.
    #[arg(long, value_name = "STORE")]
    from: String,
    /// Where it is to be, written likewise. A CQL store needs its tables: `crest migrate --store cql`.
    #[arg(long, value_name = "STORE")]
    to: String,
    #[arg(long)]
    tenant: String,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(arguments: &CopyArguments) -> Done {
    let from = end(&arguments.from, &arguments.settings)?;
    let to = end(&arguments.to, &arguments.settings)?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{bar:40} {pos} of {len} logs, {eta} left",
    )?);
    let tenant = TenantId::new(&arguments.tenant);
    let progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let report = copy(&from, &to, &tenant, &fold_conversation, &progress)?;
    bar.finish_and_clear();
    tell(&from, &to, &tenant, &report)?;
    Ok(ExitCode::SUCCESS)
}

fn end(word: &str, settings: &Settings) -> Result<End, ConfigFailure> {
    let mut settings = settings.clone();
    match word {
        "embedded" | "cql" => settings.set("store.engine", word),
        file if Path::new(file).extension().is_some_and(|it| it == "toml") => {
            settings = settings.with_file(file.into());
        }
        folder => return Ok(End::Embedded(folder.into())),
    }
    Ok(End::of(&settings.load()?.config.store))
}

fn tell(from: &End, to: &End, tenant: &TenantId, report: &Report) -> std::io::Result<()> {
    let Report { logs, desk } = report;
    print(format_args!("tenant {tenant}\n  from {from}\n  to {to}\n"))?;
    print(format_args!(
        "  {} conversations, {} ledgers, {} pointers: {} events, {} bytes of them, equal at both ends; {} written now\n",
        logs.conversations, logs.ledgers, logs.pointers, logs.events, logs.body_bytes, logs.written
    ))?;
    print(format_args!("  digest {}\n", hex(&logs.digest)))?;
    print(format_args!(
        "  {} groups, {} staff, {} articles in {} versions, {} canned replies, {} audit lines, equal at both ends\n",
        desk.groups, desk.staff, desk.articles, desk.versions, desk.canned, desk.audit_lines
    ))?;
    print(format_args!(
        "  logins of staff and idempotency keys stay behind; the source is as it was\n"
    ))
}
