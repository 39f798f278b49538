//! What an object says it is, before the registry takes it in: a store request that names a study takes nothing of another one.

use index_guard::{Limits, Tag, scan_file};
use index_model::Uid;
use registry::{StoreAnswer, StoredInstance};

/// The keys of an object that belongs to another study; `None` when it belongs to `study`, or can't be read (the registry says why).
pub(super) fn of_another_study(object: &[u8], study: &Uid) -> Option<StoredInstance> {
    let structure = scan_file(object, &Limits::default()).ok()?;
    let header = structure.data_set(object);
    let uid = |tag| Uid::parse(std::str::from_utf8(header.find(tag)?.bytes()).ok()?).ok();
    let own = uid(Tag(0x0020, 0x000D))?;
    if own == *study {
        return None;
    }
    let answer = StoreAnswer::Quarantined {
        attribute: "StudyInstanceUID".into(),
        rule: "is not that of the study that the request names".into(),
    };
    Some(StoredInstance {
        sop_class_uid: uid(Tag(0x0008, 0x0016)),
        sop_instance_uid: uid(Tag(0x0008, 0x0018)),
        study_instance_uid: Some(own),
        series_instance_uid: uid(Tag(0x0020, 0x000E)),
        answer,
    })
}
