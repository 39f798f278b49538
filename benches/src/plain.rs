//! nginx with answers of the service as plain files: as fast as this machine sends these bytes.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A running nginx.
pub struct Nginx {
    /// Scheme, host and port.
    pub address: String,
    root: PathBuf,
    published: AtomicUsize,
}

/// Starts it on `port`, with its files below `folder`.
pub(crate) fn start(folder: PathBuf, port: u16) -> (Nginx, Child) {
    let root = folder.join("www");
    std::fs::create_dir_all(&root).unwrap();
    let configuration = format!(
        "daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
         events {{ worker_connections 1024; }}
         http {{
           access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; open_file_cache max=10000;
           client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
           scgi_temp_path {folder}/e;
           server {{ listen 127.0.0.1:{port}; root {root}; default_type application/octet-stream; }}
         }}",
        folder = folder.display(),
        root = root.display()
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration).unwrap();
    let child = Command::new("/usr/sbin/nginx")
        .arg("-c")
        .arg(&file)
        .arg("-e")
        .arg(folder.join("error.log"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("install Debian's nginx-light (make bench does)");
    (Nginx { address: format!("http://127.0.0.1:{port}"), root, published: AtomicUsize::new(0) }, child)
}

impl Nginx {
    /// Keeps the service's answers as files, and gives their paths.
    pub(crate) fn publish(
        &self,
        server: &str,
        accept: &str,
        accept_encoding: Option<&str>,
        paths: &[String],
    ) -> Vec<String> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = reqwest::Client::new();
        let answers = paths.iter().map(|path| {
            runtime.block_on(async {
                let request = client.get(format!("{server}/dicom-web{path}")).header("accept", accept);
                let request = match accept_encoding {
                    Some(encoding) => request.header("accept-encoding", encoding),
                    None => request,
                };
                let answer = request.send().await.unwrap();
                assert!(answer.status().is_success(), "{}", answer.status());
                answer.bytes().await.unwrap()
            })
        });
        let names = answers.map(|bytes| {
            let name = format!("{}.bin", self.published.fetch_add(1, Ordering::Relaxed));
            std::fs::write(self.root.join(&name), bytes).unwrap();
            format!("/{name}")
        });
        names.collect()
    }
}
