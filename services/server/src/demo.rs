//! `dics demo`: a synthetic province of four repository simulators, each over its real protocol, and the real service before them.
//!
//! NEODIN is a DICOMweb origin server, SWODIN a DIMSE archive, GTA West a folder of objects, HDIRS pushes by C-STORE; the reports of
//! every region arrive as HL7 v2 over MLLP. What was made, sent and indexed is kept, so that a second start is ready at once.

mod definitions;
mod progress;
mod province;
mod simulators;
mod switches;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;

use access::{Action, Subject};
use anyhow::Context;

use crate::app::{self, App};
use crate::cli;
use crate::config::{Config, Http, Mode};
use crate::demo::simulators::Simulators;

pub(crate) use switches::turn;

/// Our own AE title.
const OUR_AE: &str = "DICS";
const LOOPBACK_ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

pub(crate) async fn run(options: cli::Demo) -> anyhow::Result<()> {
    let began = Instant::now();
    runtime::telemetry::start(&std::env::var("DICS__LOG").unwrap_or_else(|_| "error".into()));
    // An occupied port is told before minutes are spent on images.
    let web = Http { listen: options.listen, ..Http::default() };
    drop(crate::http::Listener::bind(&web).await.context("use --listen 127.0.0.1:PORT")?);
    if options.fresh && options.data_dir.exists() {
        std::fs::remove_dir_all(&options.data_dir).context("the state of the earlier demo can't be removed")?;
    }
    std::fs::create_dir_all(&options.data_dir).with_context(|| {
        format!("{} can't be written: choose another folder with --data-dir", options.data_dir.display())
    })?;
    let material = province::prepare(&options)?;
    let app = App::start(&config(&options)).await?;
    let mut simulators = Simulators::start(&material, app.dimse).await?;
    register(&app, &simulators).await?;
    simulators.begin_to_push(&material, &options.data_dir, app.dimse, app.mllp);
    switches::prepare(&options.data_dir).context("the demo's switches can't be written")?;
    app::warn_of_development();
    println!("\nThe province is at  http://{}/\n", app.http);
    println!("Administrators' page  http://{}/admin", app.http);
    println!("DICOMweb              http://{}/dicom-web", app.http);
    println!("DIMSE DICS            {}\nMLLP                  {}", app.dimse, app.mllp);
    println!("{}", switches::remedy(&options.data_dir));
    println!(
        "Ready after {:.1} s. Ctrl-C ends it; the state is kept in {}.\n",
        began.elapsed().as_secs_f32(),
        options.data_dir.display()
    );
    tokio::select! {
        () = app::wait_for_end() => {}
        () = async {
            progress::show(&app.registry, &material).await;
            app::wait_for_end().await;
        } => {}
        () = switches::obey(&options.data_dir, &mut simulators) => {}
    }
    println!("\nStopping …");
    simulators.stop().await;
    app.stop().await;
    Ok(())
}

fn config(options: &cli::Demo) -> Config {
    let mut config = Config { data_dir: state(options), ..Config::default() };
    config.http.listen = options.listen;
    config.access.mode = Some(Mode::Development);
    // The receivers take the usual ports when they are free, and any other when they are not.
    for listen in [&mut config.dimse.listen, &mut config.mllp.listen] {
        if std::net::TcpListener::bind(*listen).is_err() {
            *listen = LOOPBACK_ANY;
        }
    }
    config
}

fn state(options: &cli::Demo) -> PathBuf {
    options.data_dir.join("service")
}

async fn register(app: &App, simulators: &Simulators) -> anyhow::Result<()> {
    let access = app.registry.access();
    let permit = access.permit(&access.service(), Action::Administer, Subject::Registry).await?;
    for definition in simulators.definitions()? {
        app.registry.configure(&permit, definition).await?;
    }
    Ok(())
}
