//! The decision, and the line that records it.

use std::net::IpAddr;
use std::sync::Arc;

use index_model::AeTitle;
use runtime::Clock;
use serde::{Deserialize, Serialize};

use crate::audit::{AuditLog, Line, Outcome};
use crate::view::{Concluded, VIEW_MS, View, Views};
use crate::{
    Action, ApplicationEntity, Asked, Authority, Caller, Face, Filter, Mode, Permit, Readings, Refused, Shown, Subject,
    User,
};

/// The one user of development mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DevelopmentUser {
    /// Login id.
    pub id: String,
    /// Shown name.
    pub name: String,
}

impl Default for DevelopmentUser {
    fn default() -> Self {
        Self { id: "development".into(), name: "Development user".into() }
    }
}

/// Decides and records. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mode: Mode,
    user: DevelopmentUser,
    entities: Vec<ApplicationEntity>,
    audit: AuditLog,
    views: Views,
    clock: Clock,
}

impl Access {
    /// Development mode: every loopback caller is `user`.
    pub fn development(user: DevelopmentUser, audit: AuditLog, clock: Clock) -> Self {
        Self::development_with(user, Vec::new(), audit, clock)
    }

    /// Development mode with registered application entities, which have their own names and rights.
    pub fn development_with(
        user: DevelopmentUser,
        entities: Vec<ApplicationEntity>,
        audit: AuditLog,
        clock: Clock,
    ) -> Self {
        Self(Arc::new(Inner { mode: Mode::Development, user, entities, audit, views: Views::default(), clock }))
    }

    /// How callers are told apart.
    pub fn mode(&self) -> Mode {
        self.0.mode
    }

    /// Who calls from this address.
    ///
    /// # Errors
    /// [`Refused::NotSignedOn`] for anybody who is not on this machine, whatever the listener is bound to.
    pub fn caller(&self, from: IpAddr) -> Result<Caller, Refused> {
        match self.0.mode {
            Mode::Development if from.to_canonical().is_loopback() => Ok(Caller {
                user: User { id: self.0.user.id.clone(), name: self.0.user.name.clone() },
                authority: Authority { id: "development".into(), name: "Development".into() },
                rights: None,
                recipient: None,
                face: None,
            }),
            Mode::Development => Err(Refused::NotSignedOn),
        }
    }

    /// Who calls by this AE title. In development mode one that is not registered is the development user.
    ///
    /// # Errors
    /// [`Refused::NotSignedOn`] for a title that is not registered, and in development mode for everybody who is not on this machine.
    pub fn application_entity(&self, ae_title: &AeTitle, from: IpAddr) -> Result<Caller, Refused> {
        let caller = self.caller(from)?.by(Face::Dimse);
        let Some(entity) = self.0.entities.iter().find(|entity| entity.ae_title == *ae_title) else {
            return Ok(caller);
        };
        Ok(Caller {
            user: User { id: ae_title.to_string(), name: ae_title.to_string() },
            authority: Authority { id: "dimse".into(), name: "DIMSE".into() },
            rights: Some(entity.may.clone()),
            recipient: None,
            face: Some(Face::Dimse),
        })
    }

    /// The service itself, acting for a registered repository.
    pub fn service(&self) -> Caller {
        Caller {
            user: User { id: "dics".into(), name: "DI Common Service".into() },
            authority: Authority { id: "dics".into(), name: "DI Common Service".into() },
            rights: None,
            recipient: None,
            face: Some(Face::Service),
        }
    }

    /// Decides, writes the audit line, waits until it is durable, and gives the permit.
    ///
    /// A permit to look or to send ([`Action::is_shared`]) is good for five minutes for the same caller and subject: the requests of one
    /// study view, or of one sender, share it, and what went out or came in is summed up in the line that closes it.
    ///
    /// # Errors
    /// [`Refused`]; also when the line can't be written.
    pub async fn permit(&self, caller: &Caller, action: Action, subject: Subject) -> Result<Permit, Refused> {
        self.permit_shown(caller, action, subject, Shown::default()).await
    }

    /// The same, and the line says what is shown: when that changes (a study that moves to another patient, a new version of a report), a
    /// view that is under way ends and another begins.
    ///
    /// # Errors
    /// [`Refused`]; also when the line can't be written.
    pub async fn permit_shown(
        &self,
        caller: &Caller,
        action: Action,
        subject: Subject,
        shown: Shown,
    ) -> Result<Permit, Refused> {
        if !caller.may_do(action) {
            return Err(Refused::NotPermitted);
        }
        let filter = match self.0.mode {
            Mode::Development => Filter::default(),
        };
        let now_ms = self.0.clock.now_ms();
        let mut permit = Permit { action, subject, filter, caller: caller.clone(), view: None };
        if !action.is_shared() {
            self.write(&permit, &shown, now_ms, Outcome::Permitted).await?;
            return Ok(permit);
        }
        let key = (caller.clone(), action, permit.subject.clone(), shown.clone());
        if let Some(view) = self.0.views.open(&key, now_ms) {
            permit.view = Some(view);
            return Ok(permit);
        }
        self.write(&permit, &shown, now_ms, Outcome::Permitted).await?;
        let view = Arc::new(View::new(now_ms));
        permit.view = Some(Arc::clone(&view));
        self.conclude(self.0.views.begin(key, view), now_ms).await;
        Ok(permit)
    }

    /// Who read what is asked about, as the trail of this node tells. The permit is to have been asked for ([`Action::ReviewAudit`]).
    ///
    /// # Errors
    /// When the trail can't be read.
    pub async fn readings(&self, permit: &Permit, asked: Asked) -> Result<Readings, crate::AuditError> {
        debug_assert_eq!(permit.action, Action::ReviewAudit);
        self.0.audit.readings(asked).await
    }

    /// Closes views that have lasted their time. Called now and then by the server.
    pub async fn conclude_old_views(&self) {
        let now_ms = self.0.clock.now_ms();
        self.conclude(self.0.views.conclude(now_ms - VIEW_MS), now_ms).await;
    }

    /// Closes every view and the log, at the end of the process.
    pub async fn close(&self) {
        let now_ms = self.0.clock.now_ms();
        self.conclude(self.0.views.conclude(i64::MAX), now_ms).await;
    }

    async fn conclude(&self, ended: Vec<Concluded>, now_ms: i64) {
        for ((caller, action, subject, shown), view) in ended {
            let (items, bytes) = view.counted();
            let permit = Permit { action, subject, filter: Filter::default(), caller, view: None };
            let outcome = Outcome::Concluded { items, bytes, began_ms: view.began_ms };
            if let Err(refused) = self.write(&permit, &shown, now_ms, outcome).await {
                tracing::error!(error = %refused, "the end of a view was not recorded");
            }
        }
    }

    async fn write(&self, permit: &Permit, shown: &Shown, at_ms: i64, outcome: Outcome) -> Result<(), Refused> {
        let line = Line {
            at_ms,
            user: permit.caller.user.id.clone(),
            authority: permit.caller.authority.id.clone(),
            recipient: permit.caller.recipient.as_ref().map(ToString::to_string),
            face: permit.caller.face,
            action: permit.action,
            subject: permit.subject.clone(),
            shown: shown.clone(),
            outcome,
        };
        self.0.audit.append(line).await.map_err(Refused::NoAudit)
    }
}
