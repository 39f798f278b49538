"""The files that come with pydicom and pydicom-data, and how pydicom reads them."""

import os
import pathlib
import warnings

import pydicom
import pydicom.misc

warnings.simplefilter("ignore")

TEST_DATA = pathlib.Path(os.environ["TEST_DATA"])
SETS = {
    "pydicom": TEST_DATA / "pydicom-3.0.2/pydicom/data",
    "pydicom-data": TEST_DATA / "pydicom-data-1.0.0/data_store/data",
}
KEYS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


class File:
    """A file of the sets: its name, its bytes, and what pydicom makes of it."""

    def __init__(self, name: str, path: pathlib.Path):
        self.name, self.path = name, path
        self.bytes = path.read_bytes()
        self.is_part_10 = pydicom.misc.is_dicom(path)
        try:
            self.dataset = pydicom.dcmread(path, force=True)
        except Exception:  # what pydicom itself can't read
            self.dataset = None

    def read(self) -> pydicom.Dataset:
        """The data set anew: reading values converts them in place."""
        return pydicom.dcmread(self.path, force=True)

    def key(self, keyword: str) -> str:
        return str(self.dataset.get(keyword) or "") if self.dataset is not None else ""

    @property
    def syntax(self) -> str:
        return str(getattr(self.dataset, "file_meta", {}).get("TransferSyntaxUID", ""))

    @property
    def is_whole(self) -> bool:
        """Whether it names what it is and where it belongs."""
        return all(self.key(keyword) for keyword in KEYS)

    @property
    def address(self) -> str:
        return "/studies/{}/series/{}/instances/{}".format(*map(self.key, ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")))


def files() -> list[File]:
    """All files of the sets, in an order that is the same everywhere."""
    found = []
    for name, folder in SETS.items():
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")):
            found.append(File(f"{name}/{path.relative_to(folder)}", path))
    return found


def waves(of: list[File]) -> list[list[File]]:
    """The files in groups of which none has an instance twice: many are forms of one image under one SOP Instance UID."""
    groups, seen = [], {}
    for file in of:
        instance = file.key("SOPInstanceUID")
        turn = seen.get(instance, 0) if instance else 0
        seen[instance] = turn + 1
        while len(groups) <= turn:
            groups.append([])
        groups[turn].append(file)
    return groups
