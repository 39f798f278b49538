//! What goes out as it is stored: frames, instances, a whole series, many readers.

use std::time::Duration;

use benches::{Question, Row, Table, large_series, start};

const FRAME: &str = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
const OBJECT: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";

fn main() {
    let servers = start(&[]);
    let series = large_series(400);
    servers.load(&series.objects);
    let table = Table::new(&servers);
    let frames = || series.of_each("/frames/1");
    let few = || frames().into_iter().step_by(10).collect::<Vec<_>>();
    table.ask(
        &Question::new("stored frame of 512 KB, 400 in turn", FRAME, frames()).beside_orthanc(20.0).beside_nginx(0.6),
    );
    table.ask(
        &Question::new("stored frame of 512 KB, the same 40 again", FRAME, few())
            .beside_orthanc(20.0)
            .beside_nginx(0.85),
    );
    table.ask(&Question::new("whole instance", OBJECT, series.of_each("")).beside_orthanc(15.0).beside_nginx(0.6));
    let whole = Question {
        callers: 2,
        length: Duration::from_secs(5),
        ..Question::new("whole series of 210 MB, two readers", OBJECT, vec![series.path()])
    };
    table.ask(&whole.beside_orthanc(1.0).beside_nginx(0.6));
    let before = servers.memory_mib();
    let crowd = Question { callers: 200, ..Question::new("stored frame, 200 readers", FRAME, frames()) };
    table.ask(&crowd.beside_nginx(0.6));
    let after = servers.memory_mib();
    let memory =
        Row::new("memory, codec workers included", format!("{before} MiB before, {after} MiB after 200 readers"));
    memory.bar(&format!("{after} MiB"), "≤ 600 MiB", after <= 600).print();
}
