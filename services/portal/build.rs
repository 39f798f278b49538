//! The viewer is embedded: when it was built anew, so is this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../viewer-web/dist");
}
