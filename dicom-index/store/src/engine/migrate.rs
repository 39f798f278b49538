//! Migrations: forward only, embedded, one folder for each engine.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Acquire, SqlSafeStr};

use crate::{Engine, StoreError};

/// Version, purpose, and the text for SQLite and for PostgreSQL.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "registry",
        include_str!("../../migrations/sqlite/0001_registry.sql"),
        include_str!("../../migrations/postgres/0001_registry.sql"),
    ),
    (
        2,
        "copies by patient",
        include_str!("../../migrations/sqlite/0002_copies_by_patient.sql"),
        include_str!("../../migrations/postgres/0002_copies_by_patient.sql"),
    ),
    (
        3,
        "sounds",
        include_str!("../../migrations/sqlite/0003_sounds.sql"),
        include_str!("../../migrations/postgres/0003_sounds.sql"),
    ),
    (
        5,
        "identity",
        include_str!("../../migrations/sqlite/0005_identity.sql"),
        include_str!("../../migrations/postgres/0005_identity.sql"),
    ),
    (
        6,
        "synchronisation",
        include_str!("../../migrations/sqlite/0006_synchronisation.sql"),
        include_str!("../../migrations/postgres/0006_synchronisation.sql"),
    ),
    (
        7,
        "evidence",
        include_str!("../../migrations/sqlite/0007_evidence.sql"),
        include_str!("../../migrations/postgres/0007_evidence.sql"),
    ),
    (
        8,
        "rejections",
        include_str!("../../migrations/sqlite/0008_rejections.sql"),
        include_str!("../../migrations/postgres/0008_rejections.sql"),
    ),
    (
        10,
        "report objects",
        include_str!("../../migrations/sqlite/0010_report_objects.sql"),
        include_str!("../../migrations/postgres/0010_report_objects.sql"),
    ),
    (
        11,
        "sources",
        include_str!("../../migrations/sqlite/0011_sources.sql"),
        include_str!("../../migrations/postgres/0011_sources.sql"),
    ),
    (
        20,
        "body parts as they are written",
        include_str!("../../migrations/sqlite/0020_body_parts.sql"),
        include_str!("../../migrations/postgres/0020_body_parts.sql"),
    ),
    (
        21,
        "other patient ids, and letters with two small forms",
        include_str!("../../migrations/sqlite/0021_other_ids.sql"),
        include_str!("../../migrations/postgres/0021_other_ids.sql"),
    ),
    (
        22,
        "small objects",
        include_str!("../../migrations/sqlite/0022_small_objects.sql"),
        include_str!("../../migrations/postgres/0022_small_objects.sql"),
    ),
    (
        23,
        "names heard without their marks",
        include_str!("../../migrations/sqlite/0023_joined_sounds.sql"),
        include_str!("../../migrations/postgres/0023_joined_sounds.sql"),
    ),
    (
        24,
        "visits",
        include_str!("../../migrations/sqlite/0024_visits.sql"),
        include_str!("../../migrations/postgres/0024_visits.sql"),
    ),
    (
        25,
        "requests that a series answers",
        include_str!("../../migrations/sqlite/0025_requests.sql"),
        include_str!("../../migrations/postgres/0025_requests.sql"),
    ),
    (
        26,
        "conflicts",
        include_str!("../../migrations/sqlite/0026_conflicts.sql"),
        include_str!("../../migrations/postgres/0026_conflicts.sql"),
    ),
    (
        27,
        "reports sought in objects",
        include_str!("../../migrations/sqlite/0027_sought.sql"),
        include_str!("../../migrations/postgres/0027_sought.sql"),
    ),
    (
        28,
        "test patients",
        include_str!("../../migrations/sqlite/0028_test_patients.sql"),
        include_str!("../../migrations/postgres/0028_test_patients.sql"),
    ),
    (
        29,
        "undated studies",
        include_str!("../../migrations/sqlite/0029_undated.sql"),
        include_str!("../../migrations/postgres/0029_undated.sql"),
    ),
    (
        32,
        "objects of withdrawn reports",
        include_str!("../../migrations/sqlite/0032_withdrawn_objects.sql"),
        include_str!("../../migrations/postgres/0032_withdrawn_objects.sql"),
    ),
    (
        33,
        "studies under the number of somebody else",
        include_str!("../../migrations/sqlite/0033_doubted_studies.sql"),
        include_str!("../../migrations/postgres/0033_doubted_studies.sql"),
    ),
    (
        34,
        "test patients by an operator's word",
        include_str!("../../migrations/sqlite/0034_test_rulings.sql"),
        include_str!("../../migrations/postgres/0034_test_rulings.sql"),
    ),
    (
        35,
        "documents to be brought here",
        include_str!("../../migrations/sqlite/0035_documents.sql"),
        include_str!("../../migrations/postgres/0035_documents.sql"),
    ),
    (
        36,
        "when events were recorded, and families of numbers that were used again",
        include_str!("../../migrations/sqlite/0036_told_and_families.sql"),
        include_str!("../../migrations/postgres/0036_told_and_families.sql"),
    ),
    (
        37,
        "control ids that were used again",
        include_str!("../../migrations/sqlite/0037_reused_control_ids.sql"),
        include_str!("../../migrations/postgres/0037_reused_control_ids.sql"),
    ),
    (
        38,
        "patients of notes",
        include_str!("../../migrations/sqlite/0038_patients_of_notes.sql"),
        include_str!("../../migrations/postgres/0038_patients_of_notes.sql"),
    ),
    (
        39,
        "doubted by note",
        include_str!("../../migrations/sqlite/0039_doubted_by_note.sql"),
        include_str!("../../migrations/postgres/0039_doubted_by_note.sql"),
    ),
    (
        40,
        "compared studies",
        include_str!("../../migrations/sqlite/0040_compared_studies.sql"),
        include_str!("../../migrations/postgres/0040_compared_studies.sql"),
    ),
    (
        41,
        "told beside rejections",
        include_str!("../../migrations/sqlite/0041_told_beside_rejections.sql"),
        include_str!("../../migrations/postgres/0041_told_beside_rejections.sql"),
    ),
    (
        42,
        "report holds",
        include_str!("../../migrations/sqlite/0042_report_holds.sql"),
        include_str!("../../migrations/postgres/0042_report_holds.sql"),
    ),
];

fn migrator(engine: Engine) -> Migrator {
    let of = |&(version, purpose, sqlite, postgres): &(i64, &'static str, &'static str, &'static str)| {
        let text = if engine == Engine::Sqlite { sqlite } else { postgres };
        Migration::new(version, purpose.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(of).collect())
}

/// Brings the schema up to date.
///
/// # Errors
/// [`StoreError::Conflict`] when the database was made by a newer or another version of this program.
pub(super) async fn migrate<'a, A>(engine: Engine, database: A) -> Result<(), StoreError>
where
    A: Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: Migrate,
{
    migrator(engine).run(database).await.map_err(|error| match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => cause.into(),
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            StoreError::Conflict { what: "the database was made by a newer version" }
        }
        MigrateError::VersionMismatch(_) => {
            StoreError::Conflict { what: "a migration is not the one that was applied" }
        }
        _ => StoreError::Conflict { what: "a migration can't be applied" },
    })
}
