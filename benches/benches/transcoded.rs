//! Compressed frames, decoded or encoded for the first time: nothing that was derived is kept.

use std::time::Duration;

use benches::{Codec, Question, Table, encoded, large_series, radiographs, start};

const RAW: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1";
const ALONE: Duration = Duration::from_secs(4);

/// Each with what is expected beside Orthanc.
const CODECS: [(Codec, f64); 3] = [
    (Codec { name: "RLE", uid: "1.2.840.10008.1.2.5" }, 8.0),
    (Codec { name: "JPEG-LS", uid: "1.2.840.10008.1.2.4.80" }, 3.0),
    (Codec { name: "JPEG 2000", uid: "1.2.840.10008.1.2.4.90" }, 1.5),
];

fn main() {
    let servers = start(&[("DICS__MEMORY__RENDERED_BYTES", "0")]);
    let slices = large_series(60);
    servers.load(&slices.objects);
    let series = CODECS.map(|(codec, bar)| (codec, encoded(&servers, &slices, codec), bar));
    let table = Table::new(&servers);
    let mut raw = Vec::new();
    for (codec, series, bar) in &series {
        let name = format!("{} to raw, never before", codec.name);
        let figures = table.ask(&Question::new(&name, RAW, series.of_each("/frames/1")).beside_orthanc(*bar));
        raw.push((codec, series, figures.rate));
    }
    for (codec, series, bar) in &series[2..] {
        let name = format!("{} to JPEG, never before", codec.name);
        table.ask(&Question::new(&name, "image/jpeg", series.of_each("/rendered")).beside_orthanc(*bar));
    }
    let films = radiographs();
    films.iter().for_each(|film| servers.load(&film.objects));
    let films = films.iter().flat_map(|film| film.of_each("/frames/1")).collect();
    table.ask(&Question::new("radiograph to HTJ2K, from the form beside it", "image/jphc", films));

    println!("\n| codec alone, a thread for each core | frames | the service to raw (bar) |\n| --- | --- | --- |");
    for (codec, series, rate) in raw {
        let alone = codec.alone(&servers, series, ALONE);
        let met = if rate / alone >= 0.9 { "" } else { ", not met" };
        println!("| {} | {alone:.0}/s | {:.2} (≥ 0.9{met}) |", codec.name, rate / alone);
    }
}
