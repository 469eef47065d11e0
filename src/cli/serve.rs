//! `crest serve` and `crest seed`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Done, Settings, print};
use crate::config::{Config, Log};
use crate::desk::seed::{ACCOUNTS, TENANT};
use crate::desk::seed_copies::copy_id;
use crate::node::{self, Started};

/// Serves until SIGTERM or SIGINT.
pub fn serve(settings: &Settings) -> Done {
    let config = Arc::new(settings.load()?.config);
    log(&config.log)?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let shown = config.clone();
    run(async move {
        let stop = stop_signal()?;
        let greet = |started: Started| {
            if let Err(error) = welcome(&shown, &started) {
                tracing::warn!(%error, "cannot print where the node serves");
            }
        };
        node::run(config, metrics, greet, stop).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Opens the store, installs the demonstration tenant where there is none, and stops. `tenants` above
/// 1 asks for so many copies of it in all.
pub fn seed(settings: &Settings, tenants: u32) -> Done {
    let mut config = settings.load()?.config;
    log(&config.log)?;
    if tenants > 1 {
        return seed_copies(&config, tenants);
    }
    config.auth.demo = true;
    config.server.listen.set_port(0);
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    run(async move {
        let mut seeded = false;
        node::run(
            Arc::new(config),
            metrics,
            |started| seeded = started.seeded,
            std::future::ready(()),
        )
        .await?;
        print(format_args!(
            "{}\n",
            if seeded {
                "the demo tenant is installed"
            } else {
                "the demo tenant was there already"
            }
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn seed_copies(config: &Config, tenants: u32) -> Done {
    run(async move {
        let seeded = node::seed_copies(config, tenants).await?;
        print(format_args!(
            "tenants {TENANT} to {}: {} installed, {} were there already\n",
            copy_id(tenants),
            seeded.installed,
            seeded.already_there
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn run(work: impl Future<Output = Done>) -> Done {
    actix::System::new().block_on(work)
}

fn log(settings: &Log) -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(settings.level.as_str())?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if settings.json {
        subscriber.json().init()
    } else {
        subscriber.init()
    }
    Ok(())
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn welcome(config: &Config, started: &Started) -> io::Result<()> {
    let url = match config.server.public_url.as_str() {
        "" => format!("http://{}", started.address),
        url => url.trim_end_matches('/').to_owned(),
    };
    print(format_args!(
        "Crest {} serves {url}  (ready after {} ms)\n",
        env!("CARGO_PKG_VERSION"),
        started.after.as_millis()
    ))?;
    print(format_args!(
        "  data      {}\n",
        config.store.path.display()
    ))?;
    print(format_args!("  docs      {url}/docs\n"))?;
    print(format_args!(
        "  health    {url}/readyz      metrics {url}/metrics\n"
    ))?;
    print(format_args!(
        "  socket    {}/ws\n",
        url.replacen("http", "ws", 1)
    ))?;
    if config.auth.demo {
        print(format_args!(
            "  demo      tenant {TENANT}; anybody may use these accounts, so keep the node private:\n"
        ))?;
        for account in ACCOUNTS {
            print(format_args!(
                "            {:10} {:15} {}\n",
                account.login, account.password, account.name
            ))?;
        }
    }
    print(format_args!("Talk to it, each in a terminal of its own:\n"))?;
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "crest".to_owned());
    let elsewhere = if url == crate::talk::DEFAULT_URL {
        String::new()
    } else {
        format!(" --url {url}")
    };
    for role in ["customer", "agent", "supervisor"] {
        print(format_args!("  {program} talk --as {role}{elsewhere}\n"))?;
    }
    Ok(())
}
