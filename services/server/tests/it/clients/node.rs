//! `dicomweb-client` of the npm registry, under Node.

use std::process::Command;

use super::{root, run, test_data};
use crate::service::Service;

#[test]
fn the_npm_client_searches_retrieves_and_stores() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sets = test_data(&["pydicom-3.0.2", "dicomweb-client-0.11.3"]);
    let mut command = Command::new("node");
    command
        .current_dir(root().join("viewer-web")) // whose packages the script uses: `make viewer` installs them
        .arg("test/clients/dicomweb-client.mjs")
        .env("DICOMWEB", format!("http://{}/dicom-web", service.client.address()))
        .env("PACKAGE", sets.join("dicomweb-client-0.11.3/package"))
        .env("FILES", sets.join("pydicom-3.0.2/pydicom/data/test_files"));
    print!("{}", run(&mut command));
}
