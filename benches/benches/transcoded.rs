//! Compressed frames, decoded or encoded for the first time: nothing that was derived is kept.

use std::time::{Duration, Instant};

use benches::{Codec, Question, Row, Table, encoded, large_series, radiographs, start};
use transcode_htj2k::Image;

const RAW: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1";
const STORED_JPEG_2000: &str = "multipart/related; type=\"image/jp2\"; transfer-syntax=1.2.840.10008.1.2.4.90";
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
    let jpeg_2000 = &series[2].1;
    let stored = Question::new("JPEG 2000 frame as stored", STORED_JPEG_2000, jpeg_2000.of_each("/frames/1"));
    table.ask(&stored.beside_orthanc(20.0).beside_nginx(0.85));
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

    for (codec, series, rate) in raw {
        let alone = codec.alone(&servers, series, ALONE);
        let row = Row::new(format!("{} to raw, beside the codec alone", codec.name), format!("{rate:.0}/s"));
        let beside = format!("a thread for each core {alone:.0}/s");
        row.beside(beside).times(rate / alone, "the codec alone", 0.9).print();
    }
    encode();
}

/// The encoder of HTJ2K alone: a mammogram with the noise of a detector, on one core.
fn encode() {
    let image = Image { columns: 2560, rows: 2930, precision: 12, signed: false, colour_transform: false };
    let (columns, count) = (image.columns as usize, (image.columns * image.rows) as usize);
    let mut noise = 1_u32;
    let sample = |at: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (((at / columns + at % columns) / 4) as i32 + (noise >> 28) as i32).rem_euclid(4095)
    };
    let plane: Vec<i32> = (0..count).map(sample).collect();
    let mut took_ms: Vec<f64> = (0..15)
        .map(|_| {
            let plane = vec![plane.clone()];
            let began = Instant::now();
            transcode_htj2k::encode(image, plane).expect("it is an image");
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took_ms.sort_by(f64::total_cmp);
    let (p50, p95, most) = (took_ms[7], took_ms[13], took_ms[14]);
    Row::new("HTJ2K RPCL encode, 7.5 megapixels of 12 bits, one core", format!("{p50:.0} ms"))
        .latency([p50, p95, most])
        .bar(&format!("{p50:.0} ms"), "≤ 150 ms", p50 <= 150.0)
        .print();
}
