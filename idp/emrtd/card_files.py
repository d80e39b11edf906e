"""Files of the chip, read in two steps: the head tells the length, then the rest.

Knowing each length, nothing beyond a file's end is ever asked for: what cards answer
there differs, and some end secure messaging over it.
"""

from collections.abc import Iterable, Iterator

from idp.emrtd import tlv
from idp.emrtd.apdu import END_OF_FILE, NOT_FOUND, Command, Response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.lds import DATA_GROUPS, PORTRAIT, ElementaryFile
from idp.emrtd.progress import Progress

_HEAD, _PORTRAIT_HEAD = 4, 5  # a tag, and a length below 64 kB or 16 MB
_THREE_BYTES_OF_LENGTH = b"\x83"
_EXTENDED_CHUNK = 1535
_LAST_SHORT_OFFSET = 0x7FFF
_OFFSET, _DATA = 0x54, 0x53
_DATA_HEAD = 4
_NOT_ALLOWED = 0x6982


def select(file: ElementaryFile) -> Command:
    """Select a file by its identifier (ICAO Doc 9303-10 §3.6.3)."""
    data = file.file_id.to_bytes(2, "big")
    return Command(0x00, 0xA4, 0x02, 0x0C, data=data)


def head_commands(files: Iterable[ElementaryFile]) -> list[Command]:
    """Ask for tag and length of each file."""
    return [
        command
        for file in files
        for command in (select(file), _read_binary(0, _head_size(file)))
    ]


def take_heads(
    progress: Progress, files: Iterable[ElementaryFile], answers: Iterator[Response]
) -> None:
    """Keep the head and the length of each file that the card has."""
    for file in files:
        selected, read = next(answers), next(answers)
        if selected.status == NOT_FOUND:
            continue
        if _NOT_ALLOWED in {selected.status, read.status}:
            raise EmrtdError("access_denied", f"{file.name} is not to be read")
        selected.require()
        head = _content(read)
        progress.files[file.name] = head
        progress.notes["sizes"][file.name] = _size(file, head)


def rest_commands(progress: Progress, files: Iterable[ElementaryFile]) -> list[Command]:
    """Ask for all that is missing of the files that the card has."""
    return [
        command
        for file in _present(progress, files)
        for command in (
            select(file),
            *(_read_binary(offset, size) for offset, size in _spans(progress, file)),
        )
    ]


def take_rest(
    progress: Progress, files: Iterable[ElementaryFile], answers: Iterator[Response]
) -> None:
    """Put the files together; a part shorter or longer than asked for is refused."""
    for file in _present(progress, files):
        next(answers).require()
        parts = [progress.files[file.name]]
        for offset, size in _spans(progress, file):
            part = _content(next(answers))
            if offset > _LAST_SHORT_OFFSET:
                part = tlv.parse(part).expect(_DATA).value
            if len(part) != size:
                raise EmrtdError("malformed", f"{file.name} ends too early")
            parts.append(part)
        progress.files[file.name] = b"".join(parts)


def _present(
    progress: Progress, files: Iterable[ElementaryFile]
) -> Iterator[ElementaryFile]:
    return (file for file in files if file.name in progress.notes["sizes"])


def _head_size(file: ElementaryFile) -> int:
    return _PORTRAIT_HEAD if file == DATA_GROUPS[PORTRAIT] else _HEAD


def _size(file: ElementaryFile, head: bytes) -> int:
    """Return the length of the whole file, which its head must be able to tell."""
    if _head_size(file) == _HEAD and head[1:2] >= _THREE_BYTES_OF_LENGTH:
        raise EmrtdError("limit", f"{file.name} of more than 64 kB")
    header = tlv.read_header(head)
    if header.tag != file.tag:
        raise EmrtdError("malformed", f"{file.name} begins with {header.tag:X}")
    if header.total > file.max_bytes:
        raise EmrtdError("limit", f"{file.name} of {header.total} bytes")
    if len(head) != min(header.total, _head_size(file)):
        raise EmrtdError("malformed", f"head of {file.name}")
    return header.total


def _spans(progress: Progress, file: ElementaryFile) -> Iterator[tuple[int, int]]:
    """Yield offset and length of the parts that follow the head."""
    size: int = progress.notes["sizes"][file.name]
    offset = min(size, _head_size(file))
    while offset < size:
        length = min(size - offset, _part_size(progress, offset))
        yield offset, length
        offset += length


def _part_size(progress: Progress, offset: int) -> int:
    if progress.has_extended_length:
        return _EXTENDED_CHUNK
    room = progress.room()
    return room - _DATA_HEAD if offset > _LAST_SHORT_OFFSET else room


def _read_binary(offset: int, size: int) -> Command:
    """Read a part; past 32 kB only the odd instruction reaches (7816-4 §7.2.3)."""
    if offset <= _LAST_SHORT_OFFSET:
        return Command(0x00, 0xB0, offset >> 8, offset & 0xFF, expected=size)
    data = tlv.encode(_OFFSET, offset.to_bytes(3, "big"))
    return Command(0x00, 0xB1, 0x00, 0x00, data=data, expected=size + _DATA_HEAD)


def _content(answer: Response) -> bytes:
    """Return what was read; the warning that a file ended comes with its bytes."""
    if answer.status != END_OF_FILE:
        answer.require()
    return answer.data
