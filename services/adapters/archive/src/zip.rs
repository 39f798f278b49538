//! Zipped studies: the members of a ZIP file, read by ranges, so that one instance of a large file in a bucket costs three small reads.
//!
//! Of a member's name nothing is used but whether it is `DICOMDIR`: nothing is unpacked into files, and a member is known by its number. A
//! reader of our own, because nothing that a file says of itself is trusted here: each length is held against the file's, members may not
//! overlap, and what is inflated is bounded and compared with its checksum. Encryption, other methods than Deflate and files in several
//! parts are refused by name; a ZIP file within a ZIP file is not gone into.

use adapter_api::Spool;
use bytes::Bytes;
use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::medium::{Directory, is_directory_file, plain};
use crate::read::{MAGIC, Outcome};
use crate::source::ArchiveOptions;
use crate::store::{Entry, Store, StoreError};

/// Members of one file.
const MOST_MEMBERS: u64 = 100_000;
/// The list of them, in bytes.
const LIST_BYTES: u64 = 64 << 20;
/// Beyond this a member claims more than Deflate can hold (its best is 1032 to 1).
const BEST_RATIO: u64 = 1_032;
/// The end record with the longest comment, and the locator and the record of ZIP64 before it.
const TAIL_BYTES: u64 = 22 + 65_535 + 20 + 56;
const PIECE_BYTES: u64 = 64 << 10;
const BETWEEN: &str = "//";

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its place in the list, from 0.
    pub(crate) number: u32,
    /// Where its local header begins.
    header: u64,
    packed: u64,
    size: u64,
    crc32: u32,
    method: u16,
    is_encrypted: bool,
    /// A folder, or the index of a medium.
    is_passed_over: bool,
    /// Its plain name, where there is an index that names files; else empty.
    name: String,
}

impl Member {
    /// Whether it is the index of a medium.
    fn is_index(&self) -> bool {
        is_directory_file(&self.name)
    }
}

/// Why a file's members are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) &'static str);

const BROKEN: Refused = Refused("its list of members is broken (APPNOTE 4.3)");

/// Whether a file is one by its name.
pub(crate) fn is_zip(key: &str) -> bool {
    key.len() > 4 && key.get(key.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".zip"))
}

/// The archive's name of a member: no file's has two slashes in a row.
pub(crate) fn member_key(file: &str, number: u32) -> String {
    format!("{file}{BETWEEN}{number}")
}

/// The file and the number of a member.
pub(crate) fn split(key: &str) -> Option<(&str, u32)> {
    let (file, number) = key.rsplit_once(BETWEEN)?;
    Some((file, number.parse().ok()?))
}

/// The members of a file of this size, as its list tells them.
pub(crate) async fn members(store: &Store, key: &str, size: u64) -> Result<Result<Vec<Member>, Refused>, StoreError> {
    let tail_from = size.saturating_sub(TAIL_BYTES);
    let tail = store.range(key, tail_from..size).await?;
    let list = match list_of(&tail, tail_from) {
        Ok(list) => list,
        Err(refused) => return Ok(Err(refused)),
    };
    if list.count > MOST_MEMBERS || list.bytes > LIST_BYTES {
        return Ok(Err(Refused("it has more than 100,000 members")));
    }
    let Some(end) = list.from.checked_add(list.bytes).filter(|end| *end <= size) else { return Ok(Err(BROKEN)) };
    let bytes = store.range(key, list.from..end).await?;
    Ok(parse(&bytes, list.count).and_then(|members| within(members, list.from)))
}

/// Where the list of members is.
struct List {
    from: u64,
    bytes: u64,
    count: u64,
}

/// Reads the end record (APPNOTE 4.3.16), and that of ZIP64 (4.3.14) where the first is full.
fn list_of(tail: &[u8], tail_from: u64) -> Result<List, Refused> {
    let at = (0..tail.len().saturating_sub(21)).rev().find(|at| {
        let comment = number(tail, at + 20, 2).unwrap_or(u64::MAX);
        number(tail, *at, 4) == Some(0x0605_4b50) && *at as u64 + 22 + comment == tail.len() as u64
    });
    let at = at.ok_or(Refused("it is no ZIP file, or not whole"))?;
    let field = |offset, width| number(tail, at + offset, width).ok_or(BROKEN);
    if field(4, 2)? != 0 && field(4, 2)? != 0xffff {
        return Err(Refused("it is one of several parts"));
    }
    let list = List { count: field(10, 2)?, bytes: field(12, 4)?, from: field(16, 4)? };
    if list.count != 0xffff && list.bytes != 0xffff_ffff && list.from != 0xffff_ffff {
        return Ok(list);
    }
    let locator = at.checked_sub(20).filter(|at| number(tail, *at, 4) == Some(0x0706_4b50)).ok_or(BROKEN)?;
    let record = number(tail, locator + 8, 8).and_then(|from| usize::try_from(from.checked_sub(tail_from)?).ok());
    let record = record.filter(|at| number(tail, *at, 4) == Some(0x0606_4b50)).ok_or(BROKEN)?;
    let field = |offset| number(tail, record + offset, 8).ok_or(BROKEN);
    Ok(List { count: field(32)?, bytes: field(40)?, from: field(48)? })
}

/// A number in little endian.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Reads the list (APPNOTE 4.3.12).
fn parse(bytes: &[u8], count: u64) -> Result<Vec<Member>, Refused> {
    let (mut members, mut at) = (Vec::new(), 0);
    while (members.len() as u64) < count {
        let field = |offset: usize, width| number(bytes, at + offset, width).ok_or(BROKEN);
        if field(0, 4)? != 0x0201_4b50 {
            return Err(BROKEN);
        }
        let lengths = [field(28, 2)? as usize, field(30, 2)? as usize, field(32, 2)? as usize];
        let name = bytes.get(at + 46..at + 46 + lengths[0]).ok_or(BROKEN)?;
        let extra = bytes.get(at + 46 + lengths[0]..at + 46 + lengths[0] + lengths[1]).ok_or(BROKEN)?;
        let [size, packed, header] = wide([field(24, 4)?, field(20, 4)?, field(42, 4)?], extra)?;
        let name = String::from_utf8_lossy(name).replace('\\', "/");
        members.push(Member {
            number: u32::try_from(members.len()).map_err(|_| BROKEN)?,
            header,
            packed,
            size,
            crc32: field(16, 4)? as u32,
            method: field(10, 2)? as u16,
            is_encrypted: field(8, 2)? & 1 != 0,
            is_passed_over: name.ends_with('/') || is_directory_file(&name),
            name: plain(&name),
        });
        at += 46 + lengths.iter().sum::<usize>();
    }
    if !members.iter().any(Member::is_index) {
        members.iter_mut().for_each(|member| member.name = String::new());
    }
    Ok(members)
}

/// What does not fit into 32 bits is in the extra field of ZIP64 (APPNOTE 4.5.3), in this order.
fn wide(mut numbers: [u64; 3], extra: &[u8]) -> Result<[u64; 3], Refused> {
    if !numbers.contains(&0xffff_ffff) {
        return Ok(numbers);
    }
    let mut at = 0;
    while let (Some(id), Some(length)) = (number(extra, at, 2), number(extra, at + 2, 2)) {
        if id == 1 {
            let mut from = at + 4;
            for full in numbers.iter_mut().filter(|number| **number == 0xffff_ffff) {
                *full = number(extra, from, 8).ok_or(BROKEN)?;
                from += 8;
            }
            return Ok(numbers);
        }
        at += 4 + length as usize;
    }
    Err(BROKEN)
}

/// Members lie before the list, one after the other: what lies in another is a way to make much of little.
fn within(members: Vec<Member>, list_from: u64) -> Result<Vec<Member>, Refused> {
    let mut places: Vec<(u64, u64)> = members.iter().map(|member| (member.header, member.packed)).collect();
    places.sort_unstable();
    let mut free = 0;
    for (header, packed) in places {
        if header < free {
            return Err(Refused("its members overlap"));
        }
        free = header.checked_add(30).and_then(|from| from.checked_add(packed)).ok_or(BROKEN)?;
    }
    if free > list_from {
        return Err(BROKEN);
    }
    if members.iter().any(|member| member.size / BEST_RATIO > member.packed) {
        return Err(Refused("it claims to hold more than it can"));
    }
    Ok(members)
}

/// One member by its number, if it is a DICOM file.
pub(crate) async fn numbered(
    store: &Store,
    options: &ArchiveOptions,
    file: &str,
    number: u32,
) -> Result<Outcome, StoreError> {
    let entry = match store.look(file).await {
        Ok(entry) => entry,
        Err(StoreError::NotFound) => return Ok(Outcome::Gone),
        Err(StoreError::Denied) => return Ok(Outcome::Denied),
        Err(error) => return Err(error),
    };
    match members(store, file, entry.size_bytes).await? {
        Err(refused) => Err(StoreError::Rule(refused.0)),
        Ok(members) => match members.get(number as usize) {
            None => Ok(Outcome::Gone),
            Some(member) => whole(store, options, &entry, member).await,
        },
    }
}

/// A member, inflated and compared with its checksum, if it is a DICOM file.
pub(crate) async fn whole(
    store: &Store,
    options: &ArchiveOptions,
    file: &Entry,
    member: &Member,
) -> Result<Outcome, StoreError> {
    if member.is_passed_over {
        return Ok(Outcome::NotDicom);
    }
    unpacked(store, options, file, member).await
}

/// How many files of an index among the members are not among them; the rule that it breaks, when it can't be read.
pub(crate) async fn missing(
    store: &Store,
    options: &ArchiveOptions,
    file: &Entry,
    members: &[Member],
) -> Result<Result<usize, &'static str>, StoreError> {
    let mut missing = 0;
    for index in members.iter().filter(|member| member.is_index()) {
        let object = match unpacked(store, options, file, index).await {
            Ok(Outcome::Object(object)) => object,
            Ok(_) => return Ok(Err("PS3.10 §8.6: a file of that name is no DICOMDIR")),
            Err(StoreError::Rule(rule)) => return Ok(Err(rule)),
            Err(error) => return Err(error),
        };
        let root = index.name.strip_suffix("DICOMDIR").unwrap_or_default();
        let below = members.iter().filter_map(|member| member.name.strip_prefix(root));
        let names = below.map(|name| (name.to_owned(), String::new())).collect();
        match Directory::read(&object) {
            Ok(directory) => missing += directory.missing(&names),
            Err(rule) => return Ok(Err(rule)),
        }
    }
    Ok(Ok(missing))
}

async fn unpacked(
    store: &Store,
    options: &ArchiveOptions,
    file: &Entry,
    member: &Member,
) -> Result<Outcome, StoreError> {
    if member.size < MAGIC.end as u64 {
        return Ok(Outcome::NotDicom);
    }
    if member.is_encrypted {
        return Err(StoreError::Rule("a member of a ZIP file is encrypted"));
    }
    if !matches!(member.method, 0 | 8) {
        return Err(StoreError::Rule("a member of a ZIP file is packed with another method than Deflate"));
    }
    if member.size > options.object_limit_bytes {
        return Ok(Outcome::TooLarge);
    }
    let local = store.range(&file.key, member.header..member.header + 30).await?;
    let skipped =
        number(&local, 26, 2).zip(number(&local, 28, 2)).filter(|_| number(&local, 0, 4) == Some(0x0403_4b50));
    let Some((name, extra)) = skipped else { return Err(StoreError::Rule(BROKEN.0)) };
    let from = member.header + 30 + name + extra;
    let mut unpacking = Unpacking::new(options, member);
    let mut at = from;
    let end = from + member.packed;
    while at < end && !unpacking.is_over() {
        let piece = at..end.min(at + PIECE_BYTES);
        at = piece.end;
        unpacking.take(store.range(&file.key, piece).await?)?;
        if unpacking.is_something_else() {
            return Ok(Outcome::NotDicom);
        }
        tokio::task::yield_now().await;
    }
    unpacking.finish(member)
}

/// What comes out of a member, as it comes.
struct Unpacking {
    inflate: Option<Decompress>,
    spool: Spool,
    head: Vec<u8>,
    crc: Crc,
    size: u64,
    ended: bool,
}

const BROKEN_MEMBER: StoreError =
    StoreError::Rule("a member of a ZIP file is broken: its bytes are not what its list says");

impl Unpacking {
    fn new(options: &ArchiveOptions, member: &Member) -> Self {
        Self {
            inflate: (member.method == 8).then(|| Decompress::new(false)),
            spool: Spool::new(&options.spool_folder, member.size),
            head: Vec::with_capacity(MAGIC.end),
            crc: Crc::new(),
            size: member.size,
            ended: false,
        }
    }

    fn is_over(&self) -> bool {
        self.ended
    }

    fn is_something_else(&self) -> bool {
        self.head.get(MAGIC).is_some_and(|magic| magic != b"DICM")
    }

    fn take(&mut self, packed: Bytes) -> Result<(), StoreError> {
        let Some(mut inflate) = self.inflate.take() else { return self.put(&packed) };
        let mut plain = vec![0; PIECE_BYTES as usize];
        let mut taken = 0;
        while !self.ended {
            let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
            let input = packed.get(taken..).unwrap_or_default();
            let status = inflate.decompress(input, &mut plain, FlushDecompress::None).map_err(|_| BROKEN_MEMBER)?;
            let before = taken;
            taken += (inflate.total_in() - before_in) as usize;
            let made = (inflate.total_out() - before_out) as usize;
            self.put(plain.get(..made).unwrap_or_default())?;
            self.ended = status == Status::StreamEnd;
            let wants_more = made < plain.len() && taken >= packed.len();
            let is_stuck = made == 0 && taken == before;
            if wants_more || is_stuck || self.is_something_else() {
                break;
            }
        }
        self.inflate = Some(inflate);
        Ok(())
    }

    /// Never more than the list says, which is within the limit.
    fn put(&mut self, plain: &[u8]) -> Result<(), StoreError> {
        self.head.extend(plain.iter().take(MAGIC.end - self.head.len()));
        self.crc.update(plain);
        self.spool.write(plain).map_err(|error| match error.kind() {
            std::io::ErrorKind::FileTooLarge => BROKEN_MEMBER,
            _ => error.into(),
        })
    }

    fn finish(self, member: &Member) -> Result<Outcome, StoreError> {
        if self.spool.len() != self.size || self.crc.sum() != member.crc32 {
            return Err(BROKEN_MEMBER);
        }
        Ok(Outcome::Object(self.spool.finish()?))
    }
}
