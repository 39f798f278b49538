//! The face under test, a destination of C-MOVE, and a user that asks.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::{Access, Action, ApplicationEntity, AuditLog, DevelopmentUser, Right, Subject};
use dimse::association::{Answer, Association, AssociationError, Prompt, Proposal, Proposed, ProposedContext, Roles};
use dimse::identifier::{Identifier, Received};
use dimse::message::{Command, Operation, Request, Response, Status, StoreRequest};
use dimse::uids::{OBJECT_TRANSFER_SYNTAXES, is_storage};
use dimse::{Listener, ListenerOptions, Peer, Service, Serving};
use query_retrieve::{Destination, Options, QueryRetrieve};
use registry::{Limits, Registry, SourceFactory};
use runtime::{Clock, CpuPool};
use tokio_util::sync::CancellationToken;

use crate::objects::{EXPLICIT, Object, ae, corpus, uid};

const LIMIT: Duration = Duration::from_secs(20);

/// A listener with the face over a registry, and a destination that it knows by the title `TAKER`.
pub(crate) struct App {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    pub(crate) taker: Arc<Taker>,
    pub(crate) folder: tempfile::TempDir,
    stop: CancellationToken,
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn registry(folder: &std::path::Path, sources: SourceFactory) -> Registry {
    let at = |name: &str| folder.join(name);
    for name in ["objects", "incoming"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    let store = index_store::Store::open(&format!("sqlite://{}", at("registry.sqlite").display())).await.unwrap();
    let clock = Clock::fixed(1_800_000_000_000);
    let audit = AuditLog::open(&at("audit")).unwrap();
    let entity = |title, may: &[Right]| ApplicationEntity { ae_title: ae(title), may: may.to_vec() };
    let entities = vec![entity("SEEKER", &[Right::Query]), entity("READER", &[Right::Query, Right::Retrieve])];
    let options = registry::Options {
        store,
        objects: Arc::new(object_store::local::LocalFileSystem::new_with_prefix(at("objects")).unwrap()),
        incoming: at("incoming"),
        access: Access::development_with(DevelopmentUser::default(), entities, audit, clock.clone()),
        sources,
        // Nothing here is compressed, so that no codec is needed.
        transcoder: transcode::Transcoder::start(transcode::Options::new(transcode::WorkerCommand {
            program: PathBuf::from("/bin/cat"),
            args: Vec::new(),
        }))
        .unwrap(),
        cpu: CpuPool::new(2, 16).unwrap(),
        clock,
        dicomweb_path: "/dicom-web".into(),
        limits: Limits { quiet: Duration::from_millis(1), ..Limits::default() },
    };
    Registry::start(options).await.unwrap()
}

async fn listen(service: Arc<dyn Service>, title: &str, stop: &CancellationToken) -> SocketAddr {
    let any = "127.0.0.1:0".parse().unwrap();
    let listener = Listener::bind(any, ae(title), vec![service], ListenerOptions::default()).await.unwrap();
    let address = listener.local_addr();
    tokio::spawn(listener.run(stop.clone()));
    address
}

impl App {
    /// With the corpus.
    pub(crate) async fn start() -> Self {
        Self::holding(&corpus(), 2).await
    }

    pub(crate) async fn holding(objects: &[Object], page: u32) -> Self {
        Self::between(objects, page, Arc::new(|_| Ok(None))).await
    }

    /// With repositories that are reached through `sources`.
    pub(crate) async fn between(objects: &[Object], page: u32, sources: SourceFactory) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = registry(folder.path(), sources).await;
        let service = registry.access().service();
        let permit = registry.access().permit(&service, Action::Store, Subject::Registry).await.unwrap();
        for object in objects {
            let stored = registry.store(&permit, object.file().into(), None).await.unwrap();
            assert!(matches!(stored.fate, registry::Fate::Stored | registry::Fate::Disputed));
        }
        let (stop, taker) = (CancellationToken::new(), Arc::new(Taker::default()));
        let to = listen(taker.clone(), "TAKER", &stop).await;
        let destination =
            |title: &str, port| Destination { ae_title: ae(title), address: (&*to.ip().to_string(), port).into() };
        let options = Options {
            // The last is registered, and nobody listens there.
            destinations: vec![destination("TAKER", to.port()), destination("GONE", 1)],
            page,
            ..Options::new(ae("DICS"))
        };
        let face = Arc::new(QueryRetrieve::new(registry.clone(), options));
        let address = listen(face, "DICS", &stop).await;
        Self { address, registry, taker, folder, stop }
    }

    pub(crate) async fn associate(
        &self,
        calling: &str,
        contexts: Vec<ProposedContext>,
    ) -> Result<Association<Prompt>, AssociationError> {
        let proposal = Proposal { calling: ae(calling), called: ae("DICS"), contexts };
        let host = self.address.ip().to_string();
        let mut association = Association::connect(&(host, self.address.port()).into(), &proposal, LIMIT).await?;
        association.set_patience(LIMIT);
        Ok(association)
    }

    /// The lines of the audit trail.
    pub(crate) fn audit(&self) -> String {
        let files = std::fs::read_dir(self.folder.path().join("audit")).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

/// What a retrieval or query came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) pending: Vec<Response>,
    pub(crate) matches: Vec<Received>,
    pub(crate) stored: Vec<Stored>,
    pub(crate) last: Response,
    /// The identifier of the final response.
    pub(crate) failed: Vec<String>,
}

/// An object that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) instance: String,
    pub(crate) transfer_syntax: String,
    pub(crate) originator: Option<(String, u16)>,
    pub(crate) data_set: Vec<u8>,
}

/// Asks `class` with `identifier` on an association that takes storage in `storage`, answering each object with `status`.
pub(crate) async fn ask(
    association: &mut Association<Prompt>,
    (class, operation): (&str, Operation),
    destination: &str,
    identifier: &Identifier,
    status: impl Fn(usize) -> Status,
) -> Outcome {
    let context = association.context_for(class).unwrap().clone();
    let (message_id, sop_class) = (7, uid(class));
    let request = match operation {
        Operation::Find => Request::Find { message_id, sop_class },
        Operation::Get => Request::Get { message_id, sop_class },
        _ => Request::Move { message_id, sop_class, destination: ae(destination) },
    };
    association.ask(context.id, request, Some(&identifier.encode(&context.transfer_syntax))).await.unwrap();
    until_last(association, operation, status).await
}

/// Everything up to the final response.
pub(crate) async fn until_last(
    association: &mut Association<Prompt>,
    operation: Operation,
    status: impl Fn(usize) -> Status,
) -> Outcome {
    let (mut pending, mut matches, mut stored) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let (context, command) = association.receive().await.unwrap().unwrap();
        let syntax = association.context(context).unwrap().transfer_syntax.clone();
        match command {
            Command::Request(Request::Store(request)) => {
                let object = take(association, context, &request).await;
                let response = Response::to(Operation::Store, request.message_id, status(stored.len()));
                stored.push(object);
                association.answer(context, response, None).await.unwrap();
            }
            Command::Response(response) => {
                assert_eq!((response.operation, response.message_id), (operation, 7));
                let data = match response.has_data {
                    true => Some(association.data_set(context, 1 << 20).await.unwrap()),
                    false => None,
                };
                let received = data.map(|data| Received::scan(data, &syntax, None).unwrap());
                if [Status::PENDING, Status::PENDING_WITHOUT_SOME_KEYS].contains(&response.status) {
                    pending.push(response);
                    matches.extend(received);
                    continue;
                }
                let list = dicom_dictionary_std::tags::FAILED_SOP_INSTANCE_UID_LIST;
                let failed = received.map(|received| received.root().texts(list)).unwrap_or_default();
                return Outcome { pending, matches, stored, last: response, failed };
            }
            Command::Request(other) => panic!("not asked for: {other:?}"),
        }
    }
}

async fn take<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    association: &mut Association<S>,
    context: u8,
    request: &StoreRequest,
) -> Stored {
    let transfer_syntax = association.context(context).unwrap().transfer_syntax.to_string();
    let data_set = association.data_set(context, 1 << 24).await.unwrap().to_vec();
    let originator = request.originator.as_ref().map(|(title, id)| (title.to_string(), *id));
    Stored { instance: request.sop_instance.as_str().to_owned(), transfer_syntax, originator, data_set }
}

/// A storage provider that takes Explicit VR Little Endian of everything.
#[derive(Debug, Default)]
pub(crate) struct Taker {
    pub(crate) stored: Mutex<Vec<Stored>>,
    /// Answers for the next objects; success when there is none.
    pub(crate) statuses: Mutex<Vec<Status>>,
}

#[async_trait::async_trait]
impl Service for Taker {
    async fn admits(&self, peer: &Peer) -> bool {
        peer.ae_title.as_str() == "DICS"
    }

    fn serves(&self, sop_class: &str) -> bool {
        is_storage(sop_class)
    }

    fn choose(&self, proposed: Proposed<'_>) -> Answer {
        proposed.first_of(&OBJECT_TRANSFER_SYNTAXES, Roles::DEFAULT)
    }

    async fn serve(&self, request: Request, on: Serving<'_>) -> Result<(), AssociationError> {
        let Request::Store(store) = request else { return Err(AssociationError::Broken("not a C-STORE")) };
        let object = take(on.association, on.context, &store).await;
        self.stored.lock().unwrap().push(object);
        let status = self.statuses.lock().unwrap().pop().unwrap_or(Status::SUCCESS);
        on.association.answer(on.context, Response::to(Operation::Store, store.message_id, status), None).await
    }
}

/// A context for a query/retrieve class, Explicit VR Little Endian.
pub(crate) fn scu(class: &str) -> ProposedContext {
    ProposedContext::scu(class, &[EXPLICIT])
}
