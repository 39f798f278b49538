//! One object on its way out: which agreed context fits it, and its data set in the form of that context.

use std::io;

use bytes::{Bytes, BytesMut};
use dimse::association::Context;
use dimse::part10;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use index_model::transfer_syntax::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use index_model::{InstanceRecord, Uid};
use registry::{InstanceBytes, OpenedStudy, Registry, RegistryError, Uncompressed};

/// File meta information is some hundred bytes; private information in it (0002,0102) may be longer.
const META_BYTES: usize = 1 << 20;

/// In what form an object goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    AsStored,
    Rewritten(Uncompressed),
}

/// The context for an instance: its own transfer syntax, else an uncompressed one.
pub(crate) fn fitting<'a>(
    contexts: impl Iterator<Item = &'a Context> + Clone,
    instance: &InstanceRecord,
) -> Option<(u8, Form)> {
    let in_syntax = |syntax: &str| {
        let mut all = contexts.clone();
        let found = all.find(|context| {
            *context.abstract_syntax == *instance.sop_class_uid.as_str() && *context.transfer_syntax == *syntax
        });
        found.map(|context| context.id)
    };
    let rewritten = |syntax, form| in_syntax(syntax).map(|id| (id, Form::Rewritten(form)));
    in_syntax(&instance.transfer_syntax_uid)
        .map(|id| (id, Form::AsStored))
        .or_else(|| rewritten(EXPLICIT_VR_LITTLE_ENDIAN, Uncompressed::Explicit))
        .or_else(|| rewritten(IMPLICIT_VR_LITTLE_ENDIAN, Uncompressed::Implicit))
}

/// The data set of an instance in the form of its context.
pub(crate) async fn data_set(
    registry: &Registry,
    opened: &OpenedStudy,
    series: &Uid,
    found: InstanceBytes,
    form: Form,
) -> Result<DataSet, RegistryError> {
    let found = match form {
        Form::AsStored => found,
        Form::Rewritten(form) => registry.uncompressed(opened, series, found, form).await?,
    };
    without_meta(found).await.map_err(RegistryError::internal)
}

/// A data set in parts.
pub(crate) type DataSet = BoxStream<'static, io::Result<Bytes>>;

/// Drops preamble and file meta information: PS3.10 §7.1.
async fn without_meta(mut found: InstanceBytes) -> io::Result<DataSet> {
    let mut head = BytesMut::new();
    loop {
        if let Some(at) = part10::data_set_offset(&head) {
            let first = head.split_off(at).freeze();
            return Ok(stream::iter([Ok(first)]).chain(found.stream).boxed());
        }
        let part = found.stream.try_next().await?;
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a stored object without a data set");
        let part = part.filter(|_| head.len() < META_BYTES).ok_or_else(broken)?;
        head.extend_from_slice(&part);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Form, fitting};
    use dimse::association::{Context, Roles};
    use index_model::{InstanceRecord, Uid};
    use registry::Uncompressed;

    const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
    const JPEG: &str = "1.2.840.10008.1.2.4.70";

    #[test]
    fn an_object_goes_as_it_is_stored_where_that_was_agreed_on_and_uncompressed_elsewhere() {
        let context = |id, syntax: &str| Context {
            id,
            abstract_syntax: CT.into(),
            transfer_syntax: syntax.into(),
            roles: Roles::DEFAULT,
        };
        let instance = InstanceRecord {
            sop_class_uid: Uid::parse(CT).unwrap(),
            sop_instance_uid: Uid::parse("1.2.3").unwrap(),
            transfer_syntax_uid: JPEG.into(),
            instance_number: None,
            number_of_frames: 1,
        };
        let (implicit, explicit) = (context(1, "1.2.840.10008.1.2"), context(3, "1.2.840.10008.1.2.1"));
        let all = [implicit.clone(), explicit.clone(), context(5, JPEG)];
        assert_eq!(fitting(all.iter(), &instance), Some((5, Form::AsStored)));
        assert_eq!(fitting(all[..2].iter(), &instance), Some((3, Form::Rewritten(Uncompressed::Explicit))));
        assert_eq!(fitting(all[..1].iter(), &instance), Some((1, Form::Rewritten(Uncompressed::Implicit))));
        let other = InstanceRecord { sop_class_uid: Uid::parse("1.2.840.10008.5.1.4.1.1.4").unwrap(), ..instance };
        assert_eq!(fitting(all.iter(), &other), None);
    }
}
