//! What migrations make of the rows of older databases.

use index_store::Store;
use sqlx::Connection as _;

use crate::build::{NOW, found, jane, series, study, two};

/// Body parts were folded once; now they are as their repositories wrote them.
pub(crate) async fn body_parts_are_as_they_were_written(url: &str) {
    let store = Store::open(url).await.unwrap();
    let (north, _) = two(&store).await;
    for (n, body_part) in [("1.1", Some(" HEAD".to_owned())), ("1.2", None)] {
        let mut of = series(&format!("{n}.1"), "CT", 3);
        of.body_part_examined = body_part;
        store.index_study(&north, &study(n, jane(), "20260101"), &[of], NOW).await.unwrap();
    }
    store.close().await;
    let before = "UPDATE series SET body_part_examined = 'head' WHERE body_part_examined <> ''";
    let not_yet = "DELETE FROM _sqlx_migrations WHERE version = 20";
    if url.starts_with("sqlite:") {
        let mut database = sqlx::SqliteConnection::connect(url).await.unwrap();
        for sql in [before, not_yet] {
            assert!(sqlx::query(sql).execute(&mut database).await.unwrap().rows_affected() == 1);
        }
        database.close().await.unwrap();
    } else {
        let mut database = sqlx::PgConnection::connect(url).await.unwrap();
        for sql in [before, not_yet] {
            assert!(sqlx::query(sql).execute(&mut database).await.unwrap().rows_affected() == 1);
        }
        database.close().await.unwrap();
    }
    let store = Store::open(url).await.unwrap();
    assert_eq!(found(&store, "BodyPartExamined=HEAD").await, "1");
    assert_eq!(found(&store, "BodyPartExamined=head").await, "");
    assert_eq!(found(&store, "BodyPartExamined=\"\"&emptyvaluematching=true").await, "2");
    store.close().await;
}
