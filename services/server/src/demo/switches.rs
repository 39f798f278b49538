//! `dics demo-region down|up REGION`: a region of the running demo is taken down and comes back.
//!
//! The demo and the command meet in a folder of the demo's state: the command writes what is wanted, and the demo what is so.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use fixtures::Region;

use crate::cli::{DemoRegion, Turn};
use crate::demo::simulators::Simulators;

/// How often the demo looks what is wanted.
const LOOK: Duration = Duration::from_millis(200);
/// The command gives up after so long.
const PATIENCE: Duration = Duration::from_secs(10);

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("regions")
}

/// What the demo says, and what the command wants.
fn files(data_dir: &Path, region: Region) -> (PathBuf, PathBuf) {
    let folder = folder(data_dir);
    (folder.join(region.slug()), folder.join(format!("{}.wanted", region.slug())))
}

fn word(turn: Turn) -> &'static str {
    match turn {
        Turn::Down => "down",
        Turn::Up => "up",
    }
}

/// The switches of a demo that has started: all regions are up.
pub(super) fn prepare(data_dir: &Path) -> anyhow::Result<()> {
    let folder = folder(data_dir);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for region in Region::ALL {
        fs::write(files(data_dir, region).0, word(Turn::Up))?;
    }
    Ok(())
}

/// Obeys the switches until it is dropped.
pub(super) async fn obey(data_dir: &Path, simulators: &mut Simulators) {
    loop {
        tokio::time::sleep(LOOK).await;
        for region in Region::ALL {
            let (is, wanted) = files(data_dir, region);
            let Ok(wanted) = fs::read_to_string(wanted) else { continue };
            if fs::read_to_string(&is).is_ok_and(|is| is == wanted) {
                continue;
            }
            let turned = match wanted.as_str() {
                "down" => simulators.take_down(region).await,
                "up" => simulators.bring_up(region).await,
                _ => continue,
            };
            match turned.and_then(|()| Ok(fs::write(&is, &wanted)?)) {
                Ok(()) => println!("{} is {wanted}.", region.title()),
                Err(error) => eprintln!("{} can't be turned {wanted}: {error:#}", region.title()),
            }
        }
    }
}

/// `dics demo-region`.
pub(crate) async fn turn(command: DemoRegion) -> anyhow::Result<()> {
    let DemoRegion { turn, region, data_dir } = command;
    let named = |known: &&Region| {
        let names = [known.code(), known.slug(), known.title()];
        names.iter().any(|name| name.eq_ignore_ascii_case(&region))
    };
    let Some(region) = Region::ALL.iter().find(named).copied() else {
        let known: Vec<_> = Region::ALL.iter().map(|region| region.code()).collect();
        bail!("{region} is no region of the demo: {}", known.join(", "));
    };
    if region == Region::Hdirs {
        bail!("HDIRS stores to the service and is never asked, so that nobody would notice: take another region down");
    }
    let (is, wanted) = files(&data_dir, region);
    let no_demo =
        || format!("no demo runs on {}: start one with `dics demo`, or give its --data-dir", data_dir.display());
    fs::metadata(&is).with_context(no_demo)?;
    fs::write(&wanted, word(turn)).with_context(no_demo)?;
    let until = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < until {
        if fs::read_to_string(&is).is_ok_and(|is| is == word(turn)) {
            println!("{} is {}.", region.title(), word(turn));
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    fs::remove_file(&wanted)?;
    bail!(no_demo())
}

/// How a user takes a region down.
pub(super) fn remedy(data_dir: &Path) -> String {
    let at = if data_dir == Path::new(crate::cli::DEMO_DATA_DIR) {
        String::new()
    } else {
        format!(" --data-dir {}", data_dir.display())
    };
    format!("Take a region down    dics demo-region down NEODIN{at}   (and back: dics demo-region up NEODIN{at})")
}
