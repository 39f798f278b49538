//! A plain HTTP client, and a reader of multipart bodies that shares nothing with the service's own.

use serde_json::Value;

/// An answer, read wholly.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("status {}: not JSON: {error}", self.status))
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// The bodies of a multipart answer.
    pub(crate) fn parts(&self) -> Vec<Vec<u8>> {
        let kind = self.header("content-type");
        let boundary = kind.split("boundary=").nth(1).unwrap_or_else(|| panic!("no boundary in the content type"));
        let boundary = boundary.split(';').next().unwrap().trim_matches('"');
        let marker = format!("--{boundary}").into_bytes();
        let mut starts = find_all(&self.body, &marker);
        starts.push(self.body.len());
        assert!(
            self.body[starts[starts.len() - 2]..].starts_with(format!("--{boundary}--").as_bytes()),
            "no closing boundary"
        );
        let between = starts.windows(2).take(starts.len() - 2);
        between
            .map(|pair| {
                let part = &self.body[pair[0] + marker.len() + 2..pair[1] - 2];
                let head = part.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
                part[head + 4..].to_vec()
            })
            .collect()
    }
}

fn find_all(body: &[u8], marker: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(body, marker).collect()
}

/// Talks to one service.
pub(crate) struct Client {
    base: String,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self {
            base,
            runtime,
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                // Between two requests nothing here notices that the service has closed an idle connection.
                .pool_idle_timeout(std::time::Duration::from_secs(5))
                .build()
                .unwrap(),
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.base.trim_start_matches("http://").to_owned()
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        self.runtime.block_on(async {
            let response = request.send().await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
        })
    }

    pub(crate) fn try_get(&self, path: &str) -> Option<Answer> {
        self.send(self.client.get(format!("{}{path}", self.base))).ok()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.base))).unwrap()
    }

    pub(crate) fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.send(self.client.get(format!("{}{path}", self.base)).header("accept", accept)).unwrap()
    }

    pub(crate) fn options(&self, path: &str, accept: &str) -> Answer {
        let url = format!("{}{path}", self.base);
        self.send(self.client.request(reqwest::Method::OPTIONS, url).header("accept", accept)).unwrap()
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.post(format!("{}{path}", self.base)).json(body)).unwrap()
    }

    pub(crate) fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.client.put(format!("{}{path}", self.base)).json(body)).unwrap()
    }

    pub(crate) fn put(&self, path: &str) -> Answer {
        self.send(self.client.put(format!("{}{path}", self.base))).unwrap()
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send(self.client.delete(format!("{}{path}", self.base))).unwrap()
    }

    pub(crate) fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        self.try_post(path, content_type, body).unwrap()
    }

    pub(crate) fn try_post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Option<Answer> {
        self.send(self.client.post(format!("{}{path}", self.base)).header("content-type", content_type).body(body)).ok()
    }

    /// Stores objects by STOW-RS.
    pub(crate) fn stow(&self, objects: &[Vec<u8>]) -> Answer {
        self.try_stow(objects).unwrap()
    }

    /// The same at a service that may be gone.
    pub(crate) fn try_stow(&self, objects: &[Vec<u8>]) -> Option<Answer> {
        let mut body = Vec::new();
        for object in objects {
            body.extend_from_slice(b"--stow\r\nContent-Type: application/dicom\r\n\r\n");
            body.extend_from_slice(object);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--stow--\r\n");
        self.try_post("/dicom-web/studies", "multipart/related; type=\"application/dicom\"; boundary=stow", body)
    }
}
