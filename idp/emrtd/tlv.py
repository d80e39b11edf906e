"""Tag, length, value: BER with definite lengths (ISO/IEC 7816-4 §5.2).

A node reads its children when they are asked for, so what nobody needs costs nothing;
size and depth are bounded wherever reading begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from idp.emrtd.errors import EmrtdError

MAX_SIZE = 65_536
MAX_DEPTH = 12

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING = 0x01, 0x02, 0x03, 0x04
OBJECT_IDENTIFIER, SEQUENCE, SET = 0x06, 0x30, 0x31

_LONG_TAG = 0x1F
_CONSTRUCTED = 0x20
_MAX_TAG_BYTES = 3
_MAX_LENGTH_BYTES = 4
_MAX_OID_BYTES = 32


@dataclass(frozen=True, slots=True)
class Header:
    """The head of an element: its tag, how long the head is and what follows it."""

    tag: int
    size: int
    length: int

    @property
    def total(self) -> int:
        """Return how many bytes the whole element takes."""
        return self.size + self.length


@dataclass(frozen=True, slots=True)
class Node:
    """One element; `tag` holds all of its tag's bytes, such as 0x5F1F."""

    tag: int
    value: bytes
    levels: int = field(default=MAX_DEPTH, repr=False, compare=False)

    @property
    def is_constructed(self) -> bool:
        """Tell whether the tag says that other elements are inside."""
        first = self.tag
        while first > 0xFF:
            first >>= 8
        return bool(first & _CONSTRUCTED)

    @property
    def children(self) -> tuple["Node", ...]:
        """Return the elements inside, which must fill this one to its last byte."""
        if self.levels < 1:
            raise EmrtdError("limit", "elements are nested too deeply")
        return _read(self.value, self.levels - 1)

    @property
    def encoded(self) -> bytes:
        """Return the element with a length of the fewest bytes."""
        return encode(self.tag, self.value)

    def find(self, *path: int) -> "Node | None":
        """Return the first element at the end of a path of tags, or None."""
        found: Node | None = self
        for tag in path:
            if found is None:
                return None
            found = next((node for node in found.children if node.tag == tag), None)
        return found

    def require(self, *path: int) -> "Node":
        """Return the first element at the end of a path of tags, or refuse."""
        found = self.find(*path)
        if found is None:
            raise EmrtdError("malformed", f"no element {_path(path)} in {self.tag:X}")
        return found

    def expect(self, tag: int) -> "Node":
        """Return this element if it has that tag, or refuse."""
        if self.tag != tag:
            raise EmrtdError("malformed", f"element {self.tag:X} instead of {tag:X}")
        return self

    def walk(self) -> Iterator["Node"]:
        """Yield every element inside, each one before its own children."""
        for node in self.children:
            yield node
            if node.is_constructed:
                yield from node.walk()

    def integer(self) -> int:
        """Return the value of an INTEGER."""
        self.expect(INTEGER)
        if not self.value:
            raise EmrtdError("malformed", "an empty INTEGER")
        return int.from_bytes(self.value, signed=True)

    def oid(self) -> str:
        """Return an OBJECT IDENTIFIER in dotted form (ITU-T X.690 §8.19)."""
        return decode_oid(self.expect(OBJECT_IDENTIFIER).value)


def parse(data: bytes, *, max_size: int = MAX_SIZE, max_depth: int = MAX_DEPTH) -> Node:
    """Return the one element that `data` is."""
    nodes = parse_all(data, max_size=max_size, max_depth=max_depth)
    if len(nodes) != 1:
        raise EmrtdError("malformed", f"{len(nodes)} elements where one is expected")
    return nodes[0]


def parse_all(
    data: bytes, *, max_size: int = MAX_SIZE, max_depth: int = MAX_DEPTH
) -> tuple[Node, ...]:
    """Return the elements that `data` is a sequence of."""
    if len(data) > max_size:
        raise EmrtdError("limit", f"{len(data)} bytes, at most {max_size} are read")
    return _read(bytes(data), max_depth)


def read_header(data: bytes, offset: int = 0) -> Header:
    """Return the head of the element at `offset`; its value may be missing yet."""
    tag, position = _read_tag(data, offset)
    length, position = _read_length(data, position)
    return Header(tag, position - offset, length)


def encode(tag: int, value: bytes) -> bytes:
    """Return an element with a length of the fewest bytes."""
    tag_bytes = tag.to_bytes((tag.bit_length() + 7) // 8 or 1)
    size = len(value)
    if size < 0x80:
        return tag_bytes + bytes([size]) + value
    size_bytes = size.to_bytes((size.bit_length() + 7) // 8)
    return tag_bytes + bytes([0x80 | len(size_bytes)]) + size_bytes + value


def decode_oid(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content."""
    if not content or len(content) > _MAX_OID_BYTES or content[-1] & 0x80:
        raise EmrtdError("malformed", "an OBJECT IDENTIFIER")
    arcs, arc = [], 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))


def encode_oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER's content, without tag and length."""
    root, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * root + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return bytes(content)


def _read(data: bytes, levels: int) -> tuple[Node, ...]:
    nodes, offset = [], 0
    while offset < len(data):
        header = read_header(data, offset)
        begin, offset = offset + header.size, offset + header.total
        if offset > len(data):
            raise EmrtdError("malformed", f"element {header.tag:X} ends too early")
        nodes.append(Node(header.tag, data[begin:offset], levels))
    return tuple(nodes)


def _read_tag(data: bytes, offset: int) -> tuple[int, int]:
    end = offset + 1
    if data[offset:end] and data[offset] & _LONG_TAG == _LONG_TAG:
        while data[end : end + 1] and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data):
        raise EmrtdError("malformed", "a tag ends too early")
    if end - offset > _MAX_TAG_BYTES:
        raise EmrtdError("limit", "a tag is too long")
    return int.from_bytes(data[offset:end]), end


def _read_length(data: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(data):
        raise EmrtdError("malformed", "a length is missing")
    first, end = data[offset], offset + 1
    if first < 0x80:
        return first, end
    size = first & 0x7F
    if not 1 <= size <= _MAX_LENGTH_BYTES:
        raise EmrtdError("malformed", "an indefinite or overlong length")
    if end + size > len(data):
        raise EmrtdError("malformed", "a length ends too early")
    return int.from_bytes(data[end : end + size]), end + size


def _path(path: tuple[int, ...]) -> str:
    return "/".join(f"{tag:X}" for tag in path)
