//! `dicomweb-client` of the Python package index.

use super::{run, script};
use crate::service::Service;

#[test]
fn the_python_client_searches_retrieves_and_stores() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    print!("{}", run(&mut script("dicomweb_client_check.py", Some(&service))));
}
