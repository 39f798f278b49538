//! Orders: which numbers are of one examination, as the systems that order it tell.

use index_model::{IssuedId, OrderRecord, RepositoryCode};

use crate::engine::{Link, Row, Sql, dialect, in_transaction, json};
use crate::index::patient::Placed;
use crate::index::{Work, patient, patient_names, visits};
use crate::reports::{link, orders, visit_columns};
use crate::{OrderStored, Store, StoreError, messages};

impl Store {
    /// Takes in what a message tells of a requested procedure, and keeps the message. Reports that it concerns are linked anew in the same
    /// transaction.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] without such a repository; [`StoreError::Unavailable`].
    pub async fn store_order(
        &self,
        repository: &RepositoryCode,
        order: &OrderRecord,
        raw: &[u8],
        now_ms: i64,
    ) -> Result<OrderStored, StoreError> {
        let repository_key = self.repository_key(repository).await?;
        let message = Message { repository_key, order, raw, now_ms };
        in_transaction!(self.pools(), |link| message.store(&mut link))
    }
}

struct Message<'a> {
    repository_key: i64,
    order: &'a OrderRecord,
    raw: &'a [u8],
    now_ms: i64,
}

/// The numbers of a requested procedure: placer, filler and accession, each with its issuer, and the StudyInstanceUID.
type Numbers = [String; 7];

/// What is known of a requested procedure.
struct Known {
    order_key: i64,
    told_ms: i64,
    is_cancelled: bool,
    numbers: Numbers,
}

impl Message<'_> {
    async fn store(&self, link: &mut Link) -> Result<OrderStored, StoreError> {
        let order = self.order;
        let family = self.family();
        let mut names = patient_names(&order.patient);
        names.push(format!("order {} {family}", self.repository_key));
        names.push(format!("message {} {}", self.repository_key, order.message_control_id));
        dialect::hold(link, names).await?;
        let arriving = messages::Arriving {
            repository_key: self.repository_key,
            control_id: &order.message_control_id,
            sha256: &order.message_sha256,
            now_ms: self.now_ms,
        };
        if let Some(earlier) = messages::earlier(link, &arriving).await? {
            return Ok(if earlier.is_same { OrderStored::Repeat } else { OrderStored::ControlIdReused });
        }
        self.keep(link).await?;
        let mut work = Work::new(link, self.now_ms);
        let placed =
            patient::place_of_message(&mut work, self.repository_key, &order.patient, &format!("order {family}"))
                .await?;
        // Of a clock that is ahead the arrival counts.
        let told_ms = order.told_ms.unwrap_or(self.now_ms).min(self.now_ms);
        if order.is_cancelled && order.requested_procedure_id.is_empty() {
            let sql = Sql::new(
                "UPDATE imaging_order SET cancelled = 1, told_ms = $1 WHERE repository_key = $2 AND family = $3 \
                 AND told_ms <= $1",
            );
            work.link.run(sql.arg(told_ms).arg(self.repository_key).arg(family.as_str())).await?;
        }
        let order_key = match self.known(work.link, &family).await? {
            Some(known) => self.renew(work.link, &known, told_ms, placed).await?,
            None => self.insert(work.link, &family, told_ms, placed).await?,
        };
        visits::follow(&mut work, placed).await?;
        for report_key in orders::reports(&mut work, &[order_key]).await? {
            link::relink(&mut work, report_key).await?;
        }
        work.finish().await?;
        Ok(OrderStored::Stored)
    }

    /// What the procedures of one order have in common: the placer order number, else the filler order number.
    fn family(&self) -> String {
        let placer = self.order.placer_order_number.as_ref().map(|id| ("placer", id));
        let filler = self.order.filler_order_number.as_ref().map(|id| ("filler", id));
        match placer.or(filler) {
            Some((kind, id)) => format!("{kind} {} {}", id.issuer, id.value.expose()),
            None => format!("message {}", self.order.message_control_id),
        }
    }

    async fn keep(&self, link: &mut Link) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO order_message (repository_key, message_control_id, message_sha256, received_ms, raw) \
             VALUES ($1, $2, $3, $4, $5)",
        );
        let order = self.order;
        let sql = sql.arg(self.repository_key).arg(order.message_control_id.as_str());
        let sql = sql.arg(order.message_sha256.as_str()).arg(self.now_ms).arg(self.raw.to_vec());
        link.run(sql).await.map(drop)
    }

    /// The numbers that this message tells; empty where it tells none.
    fn numbers(&self) -> Numbers {
        let value = |id: &Option<IssuedId>| id.as_ref().map_or(String::new(), |id| id.value.expose().trim().to_owned());
        let issuer = |id: &Option<IssuedId>| id.as_ref().map_or(String::new(), |id| id.issuer.clone());
        let order = self.order;
        let (placer, filler) = (&order.placer_order_number, &order.filler_order_number);
        let accession = &order.accession_number;
        [
            value(placer),
            issuer(placer),
            value(filler),
            issuer(filler),
            value(accession),
            issuer(accession),
            order.study_instance_uid.as_ref().map_or(String::new(), |uid| uid.as_str().to_owned()),
        ]
    }

    async fn known(&self, link: &mut Link, family: &str) -> Result<Option<Known>, StoreError> {
        let sql = Sql::new(
            "SELECT order_key, told_ms, cancelled, placer_number, placer_issuer, filler_number, filler_issuer, \
             accession_number, accession_issuer, study_instance_uid FROM imaging_order \
             WHERE repository_key = $1 AND family = $2 AND requested_procedure_id = $3",
        );
        let sql = sql.arg(self.repository_key).arg(family).arg(self.order.requested_procedure_id.as_str());
        let known = |row: Row| {
            let mut numbers = Numbers::default();
            for (number, column) in numbers.iter_mut().zip(3..) {
                *number = row.text(column)?;
            }
            Ok(Known { order_key: row.int(0)?, told_ms: row.int(1)?, is_cancelled: row.flag(2)?, numbers })
        };
        link.row(sql).await?.map(known).transpose()
    }

    /// What is said later stands over what was said before; what only one of them says stands anyway.
    async fn renew(&self, link: &mut Link, known: &Known, told_ms: i64, placed: Placed) -> Result<i64, StoreError> {
        let is_newer = told_ms >= known.told_ms;
        let said = self.numbers();
        let (over, under) = if is_newer { (&said, &known.numbers) } else { (&known.numbers, &said) };
        let mut numbers = under.clone();
        // A number goes with its issuer.
        for places in [&[0, 1][..], &[2, 3], &[4, 5], &[6]] {
            if places.first().and_then(|first| over.get(*first)).is_some_and(|value| !value.is_empty()) {
                for place in places {
                    numbers[*place].clone_from(&over[*place]);
                }
            }
        }
        let is_cancelled = if is_newer { self.order.is_cancelled } else { known.is_cancelled };
        let sql = Sql::new(
            "UPDATE imaging_order SET placer_number = $1, placer_issuer = $2, filler_number = $3, filler_issuer = $4, \
             accession_number = $5, accession_issuer = $6, study_instance_uid = $7, cancelled = $8, told_ms = $9 \
             WHERE order_key = $10",
        );
        let sql = numbers.into_iter().fold(sql, Sql::arg).arg(is_cancelled).arg(told_ms.max(known.told_ms));
        link.run(sql.arg(known.order_key)).await?;
        if is_newer {
            let sql = Sql::new(
                "UPDATE imaging_order SET patient_key = $1, said_patient_key = $2, move_key = NULL, record = $3 \
                 WHERE order_key = $4",
            );
            let sql = sql.arg(placed.patient_key).arg(placed.said_key).arg(json(self.order)?);
            link.run(sql.arg(known.order_key)).await?;
        }
        self.keep_visit(link, known.order_key, is_newer).await?;
        Ok(known.order_key)
    }

    /// The stay: what is said later stands over what was said before, and nothing said takes nothing away.
    async fn keep_visit(&self, link: &mut Link, order_key: i64, is_newer: bool) -> Result<(), StoreError> {
        let [visit, visit_issuer, account, account_issuer] = visit_columns(&self.order.visit);
        if !visit.is_empty() {
            let sql = Sql::new(
                "UPDATE imaging_order SET visit_number = $1, visit_issuer = $2 \
                 WHERE order_key = $3 AND ($4 = 1 OR visit_number = '')",
            );
            link.run(sql.arg(visit).arg(visit_issuer).arg(order_key).arg(is_newer)).await?;
        }
        if !account.is_empty() {
            let sql = Sql::new(
                "UPDATE imaging_order SET account_number = $1, account_issuer = $2 \
                 WHERE order_key = $3 AND ($4 = 1 OR account_number = '')",
            );
            link.run(sql.arg(account).arg(account_issuer).arg(order_key).arg(is_newer)).await?;
        }
        Ok(())
    }

    async fn insert(&self, link: &mut Link, family: &str, told_ms: i64, placed: Placed) -> Result<i64, StoreError> {
        // The order as a whole may have been cancelled before this part of it was heard of.
        let whole = Sql::new(
            "SELECT told_ms FROM imaging_order WHERE repository_key = $1 AND family = $2 AND requested_procedure_id = '' \
             AND cancelled = 1 AND told_ms > $3",
        );
        let whole = link.row(whole.arg(self.repository_key).arg(family).arg(told_ms)).await?;
        let told_ms = whole.as_ref().map(|row| row.int(0)).transpose()?.unwrap_or(told_ms);
        let mut sql = Sql::new(
            "INSERT INTO imaging_order (repository_key, family, requested_procedure_id, patient_key, placer_number, \
             placer_issuer, filler_number, filler_issuer, accession_number, accession_issuer, study_instance_uid, \
             cancelled, told_ms, record, said_patient_key, visit_number, visit_issuer, account_number, account_issuer) \
             VALUES (",
        );
        sql.bind(self.repository_key).push(", ").bind(family).push(", ");
        sql.bind(self.order.requested_procedure_id.as_str()).push(", ").bind(placed.patient_key).push(", ");
        sql.list(self.numbers()).push(", ").bind(self.order.is_cancelled || whole.is_some()).push(", ");
        sql.bind(told_ms).push(", ").bind(json(self.order)?).push(", ").bind(placed.said_key);
        sql.push(", ").list(visit_columns(&self.order.visit)).push(") RETURNING order_key");
        link.number(sql).await
    }
}
