//! What a patient administration system tells of its patients: demographics, merges, and merges that were none.

mod pair;

use index_model::{IssuedId, PatientChange, PatientEvent, PatientRecord, RepositoryCode, VisitKind};

use crate::engine::{Link, Sql, dialect, in_transaction, json};
use crate::index::{Work, identity, patient, patient_names, visits};
use crate::{PatientTold, Store, StoreError, messages};

impl Store {
    /// Takes in an event and keeps it, with the message as its evidence. What is the patients' follows in the same transaction.
    ///
    /// A merge is of two numbers of one issuer: the other goes by the survivor's from now on, also in what comes later. Nothing of what was
    /// said is lost by it, so that an un-merge restores what the merge changed.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn tell_patient(
        &self,
        repository: &RepositoryCode,
        event: &PatientEvent,
        raw: &[u8],
        now_ms: i64,
    ) -> Result<PatientTold, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        let told = Told { repository_key, event, raw, now_ms };
        in_transaction!(self.pools(), |link| told.store(&mut link))
    }
}

struct Told<'a> {
    repository_key: i64,
    event: &'a PatientEvent,
    raw: &'a [u8],
    now_ms: i64,
}

/// A source patient as it is before the event.
struct Known {
    patient_key: i64,
    survivor_key: Option<i64>,
    told_ms: Option<i64>,
    person_key: i64,
    record: PatientRecord,
}

impl Told<'_> {
    async fn store(&self, link: &mut Link) -> Result<PatientTold, StoreError> {
        let mut names = patient_names(&self.event.patient);
        names.extend(self.event.other.as_ref().map(|id| format!("patient {} {}", id.issuer, id.value.expose())));
        names.push(format!("message {} {}", self.repository_key, self.event.message_control_id));
        dialect::hold(link, names).await?;
        let arriving = messages::Arriving {
            repository_key: self.repository_key,
            control_id: &self.event.message_control_id,
            sha256: &self.event.message_sha256,
            now_ms: self.now_ms,
        };
        if let Some(earlier) = messages::earlier(link, &arriving).await? {
            return Ok(if earlier.is_same { PatientTold::Repeat } else { PatientTold::ControlIdReused });
        }
        let ids = [self.event.patient.patient_id.as_ref(), self.event.other.as_ref()];
        if ids.into_iter().chain([self.event.visit.as_ref()]).flatten().any(|id| !patient::is_usable(Some(id))) {
            return Ok(PatientTold::Refused { rule: "the number stands for nobody" });
        }
        let mut work = Work::new(link, self.now_ms);
        let outcome = match (self.event.change, &self.event.other) {
            (PatientChange::Update, _) => self.update(&mut work).await?,
            (PatientChange::Merge | PatientChange::Renumber, Some(other)) => self.merge(&mut work, other).await?,
            (PatientChange::Unmerge, Some(other)) => self.unmerge(&mut work, other).await?,
            (PatientChange::Move(kind), Some(other)) => self.move_visit(&mut work, other, kind).await?,
            (_, None) => PatientTold::Refused { rule: "the other number is missing" },
        };
        work.finish().await?;
        Ok(outcome)
    }

    /// Demographics: what is told stands until it is told anew; what is older than what was told is history.
    async fn update(&self, work: &mut Work<'_>) -> Result<PatientTold, StoreError> {
        let Some(id) = &self.event.patient.patient_id else { return Ok(NAMELESS) };
        let told_ms = self.told_ms();
        let known = self.find_or_make(work, id, &self.event.patient).await?;
        self.keep(work, &known, None).await?;
        if known.told_ms.is_some_and(|before_ms| before_ms > told_ms) {
            return Ok(PatientTold::Done);
        }
        let sql = Sql::new("UPDATE source_patient SET told_ms = $1 WHERE patient_key = $2");
        work.link.run(sql.arg(told_ms).arg(known.patient_key)).await?;
        let record = patient::renewed(&known.record, &self.event.patient);
        patient::renew(work, &record, known.patient_key, known.person_key).await?;
        identity::regroup(work, &[known.patient_key]).await?;
        Ok(PatientTold::Done)
    }

    /// Of a clock that is ahead the arrival counts, or what is told after it was put right would be history.
    fn told_ms(&self) -> i64 {
        self.event.recorded_ms.unwrap_or(self.now_ms).min(self.now_ms)
    }

    async fn merge(&self, work: &mut Work<'_>, other: &IssuedId) -> Result<PatientTold, StoreError> {
        let Some(id) = &self.event.patient.patient_id else { return Ok(NAMELESS) };
        if id.issuer != other.issuer {
            return Ok(PatientTold::Refused { rule: "the two numbers are of different issuers" });
        }
        if id == other {
            return Ok(PatientTold::Refused { rule: "a number can't be merged into itself" });
        }
        let survivor = self.find_or_make(work, id, &self.event.patient).await?;
        let merged = self.find_or_make(work, other, &bare(other)).await?;
        let last = pair::last(work, survivor.patient_key, merged.patient_key).await?;
        if last.as_ref().is_some_and(|last| last.told_ms > self.told_ms()) {
            self.keep(work, &survivor, Some(&merged)).await?;
            if self.event.change == PatientChange::Renumber {
                pair::settle_moves(work, &survivor, &merged).await?;
            }
            return Ok(PatientTold::Done);
        }
        if survivor.survivor_key == Some(merged.patient_key)
            && self.event.change == PatientChange::Renumber
            && last.is_some_and(|last| last.kind == PatientChange::Renumber.code())
        {
            return self.part(work, &survivor, &merged).await;
        }
        if pair::leads_to(work, survivor.survivor_key, merged.patient_key).await? {
            return Ok(PatientTold::Refused { rule: "the survivor goes by the other number already" });
        }
        self.keep(work, &survivor, Some(&merged)).await?;
        let sql = Sql::new("UPDATE source_patient SET survivor_key = $1 WHERE patient_key = $2");
        work.link.run(sql.arg(survivor.patient_key).arg(merged.patient_key)).await?;
        identity::regroup(work, &[survivor.patient_key, merged.patient_key]).await?;
        tracing::info!(survivor = survivor.patient_key, merged = merged.patient_key, "patients merged");
        Ok(PatientTold::Done)
    }

    /// What comes before the merge that it takes back has nothing to part yet: it is kept, so that the merge is history when it comes.
    async fn unmerge(&self, work: &mut Work<'_>, other: &IssuedId) -> Result<PatientTold, StoreError> {
        let Some(id) = &self.event.patient.patient_id else { return Ok(NAMELESS) };
        if id.issuer != other.issuer {
            return Ok(PatientTold::Refused { rule: "the two numbers are of different issuers" });
        }
        if id == other {
            return Ok(PatientTold::Refused { rule: "a number can't be parted from itself" });
        }
        let one = self.find_or_make(work, id, &self.event.patient).await?;
        let two = self.find_or_make(work, other, &bare(other)).await?;
        let last = pair::last(work, one.patient_key, two.patient_key).await?;
        let is_history = last.is_some_and(|last| last.told_ms > self.told_ms());
        match (one.survivor_key, two.survivor_key) {
            _ if is_history => {}
            (Some(key), _) if key == two.patient_key => return self.part(work, &one, &two).await,
            (_, Some(key)) if key == one.patient_key => return self.part(work, &two, &one).await,
            _ if pair::root(work, one.patient_key).await? == pair::root(work, two.patient_key).await? => {
                return Ok(PatientTold::Refused { rule: "the two numbers are merged by way of another" });
            }
            _ => tracing::warn!(
                one = one.patient_key,
                two = two.patient_key,
                "an un-merge came before its merge, or has none"
            ),
        }
        self.keep(work, &one, Some(&two)).await?;
        Ok(PatientTold::Done)
    }

    /// The first number goes by itself again, and no longer by the second.
    async fn part(&self, work: &mut Work<'_>, merged: &Known, survivor: &Known) -> Result<PatientTold, StoreError> {
        self.keep(work, merged, Some(survivor)).await?;
        let sql = Sql::new("UPDATE source_patient SET survivor_key = NULL WHERE patient_key = $1");
        work.link.run(sql.arg(merged.patient_key)).await?;
        identity::regroup(work, &[merged.patient_key, survivor.patient_key]).await?;
        tracing::info!(one = merged.patient_key, two = survivor.patient_key, "a merge was undone");
        Ok(PatientTold::Done)
    }

    /// One visit, or account, of the other patient is this one's.
    async fn move_visit(
        &self,
        work: &mut Work<'_>,
        other: &IssuedId,
        kind: VisitKind,
    ) -> Result<PatientTold, StoreError> {
        let Some(id) = &self.event.patient.patient_id else { return Ok(NAMELESS) };
        let Some(number) = &self.event.visit else {
            return Ok(PatientTold::Refused { rule: "the number of the visit or account is missing" });
        };
        if id.issuer != other.issuer {
            return Ok(PatientTold::Refused { rule: "the two numbers are of different issuers" });
        }
        let to = self.find_or_make(work, id, &self.event.patient).await?;
        let from = self.find_or_make(work, other, &bare(other)).await?;
        let is_one = pair::leads_to(work, Some(to.patient_key), from.patient_key).await?
            || pair::leads_to(work, Some(from.patient_key), to.patient_key).await?;
        if is_one {
            return Ok(PatientTold::Refused { rule: "the two numbers are of one patient" });
        }
        let event_key = self.keep(work, &to, Some(&from)).await?;
        let (from_key, to_key) = (from.patient_key, to.patient_key);
        visits::tell(work, &visits::Told { kind, number, from_key, to_key, event_key }).await?;
        tracing::info!(from = from_key, to = to_key, kind = kind.code(), "a visit or account moved");
        Ok(PatientTold::Done)
    }

    async fn find(&self, work: &mut Work<'_>, id: &IssuedId) -> Result<Option<Known>, StoreError> {
        let sql = Sql::new(
            "SELECT patient_key, survivor_key, told_ms, person_key, record FROM source_patient \
             WHERE patient_id = $1 AND issuer = $2 AND private_to = ''",
        );
        let row = work.link.row(sql.arg(id.value.expose().as_str()).arg(id.issuer.as_str())).await?;
        row.map(|row| {
            let (survivor_key, told_ms) = (row.opt_int(1)?, row.opt_int(2)?);
            Ok(Known { patient_key: row.int(0)?, survivor_key, told_ms, person_key: row.int(3)?, record: row.json(4)? })
        })
        .transpose()
    }

    async fn find_or_make(
        &self,
        work: &mut Work<'_>,
        id: &IssuedId,
        record: &PatientRecord,
    ) -> Result<Known, StoreError> {
        if let Some(known) = self.find(work, id).await? {
            return Ok(known);
        }
        let placed = patient::insert(work, self.repository_key, record, "").await?;
        let (patient_key, person_key) = (placed.patient_key, placed.person_key);
        Ok(Known { patient_key, survivor_key: None, told_ms: None, person_key, record: record.clone() })
    }

    /// Writes the history; the event's key.
    async fn keep(&self, work: &mut Work<'_>, known: &Known, other: Option<&Known>) -> Result<i64, StoreError> {
        let event = self.event;
        let sql = Sql::new(
            "INSERT INTO patient_event (repository_key, message_control_id, message_sha256, kind, patient_key, other_key, \
             before, at_ms, told_ms, raw) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING event_key",
        );
        let sql = sql.arg(self.repository_key).arg(event.message_control_id.as_str());
        let sql = sql.arg(event.message_sha256.as_str()).arg(event.change.code()).arg(known.patient_key);
        let sql = sql.arg(other.map(|other| other.patient_key)).arg(json(&known.record)?);
        work.link.number(sql.arg(self.now_ms).arg(self.told_ms()).arg(self.raw.to_vec())).await
    }
}

const NAMELESS: PatientTold = PatientTold::Refused { rule: "the patient has no number" };

/// A patient of whom only the number is known.
fn bare(id: &IssuedId) -> PatientRecord {
    PatientRecord { patient_id: Some(id.clone()), ..PatientRecord::default() }
}
