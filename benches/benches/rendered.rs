//! Pictures: each for the first time, then again.

use benches::{Question, Table, large_series, radiographs, start};

/// More windows than the fastest run can ask.
const WINDOWS: usize = 150_000;

fn main() {
    let servers = start(&[]);
    let (series, films) = (large_series(130), radiographs());
    servers.load(&series.objects);
    films.iter().for_each(|film| servers.load(&film.objects));
    let table = Table::new(&servers);
    let paths = series.of_each("/rendered");
    // A window that nobody asked for before makes every picture a new one.
    let fresh = |paths: &[String], query: &str, count: usize| -> Vec<String> {
        let window = |n: usize| format!("window={},{},linear", 40 + n / paths.len(), 400 + n % 7);
        (0..count).map(|n| format!("{}?{}{query}", paths[n % paths.len()], window(n))).collect()
    };
    let once = |name, accept, paths| Question { once: true, ..Question::new(name, accept, paths) };
    table
        .ask(&once("CT to JPEG, a new window each time", "image/jpeg", fresh(&paths, "", WINDOWS)).beside_orthanc(6.0));
    let small = fresh(&paths, "&viewport=256,256", WINDOWS);
    table.ask(&once("CT to JPEG of 256 x 256, a new window each time", "image/jpeg", small).beside_orthanc(6.0));
    table.ask(
        &once("CT to PNG, a new window each time", "image/png", fresh(&paths, "&quality=91", WINDOWS))
            .beside_orthanc(6.0),
    );
    let films: Vec<String> = films.iter().flat_map(|film| film.of_each("/rendered")).collect();
    let films = fresh(&films, "", WINDOWS);
    table.ask(&once("radiograph to JPEG, a new window each time", "image/jpeg", films).beside_orthanc(6.0));
    table.ask(&Question::new("CT to JPEG, again", "image/jpeg", paths).beside_orthanc(20.0).beside_nginx(0.3));
}
