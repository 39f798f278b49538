//! What an HTJ2K form beside a JPEG 2000 radiograph is worth: the form is there, nothing else that was derived is kept.

use std::time::Duration;

use benches::{Codec, Question, Table, encoded, radiographs, start};

const RAW: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1";
const JPEG_2000: Codec = Codec { name: "JPEG 2000", uid: "1.2.840.10008.1.2.4.90" };
/// Enough that no answer is asked for twice in a moment, few enough that their forms are made soon.
const FILMS: usize = 6;

fn main() {
    let servers = start(&[("DICS__MEMORY__RENDERED_BYTES", "0"), ("DICS__DERIVATIVES__RENDERED_BYTES", "0")]);
    let films: Vec<_> = radiographs().into_iter().take(FILMS).collect();
    films.iter().for_each(|film| servers.load(&film.objects));
    let compressed: Vec<_> = films.iter().map(|film| encoded(&servers, film, JPEG_2000)).collect();
    // Native films get a form too.
    servers.wait_for_forms(films.len() + compressed.len());
    let of_each = |what| compressed.iter().flat_map(|film| film.of_each(what)).collect();
    let table = Table::new(&servers);
    // An answer of Orthanc takes seconds.
    let slow = |name, accept, paths| Question { length: Duration::from_secs(10), ..Question::new(name, accept, paths) };
    let raw = slow("JPEG 2000 radiograph to raw, HTJ2K form beside it", RAW, of_each("/frames/1"));
    table.ask(&raw.beside_orthanc(5.0));
    let rendered = slow("JPEG 2000 radiograph to JPEG, HTJ2K form beside it", "image/jpeg", of_each("/rendered"));
    table.ask(&rendered.beside_orthanc(5.0));
}
