"""The members of a tar file: the ustar, GNU and pax headers, as far as plain files and folders need them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pixlate.archives.limits import CHUNK, Count, Member

_BLOCK = 512
_MOST_TOLD = 2**16
"""Bytes of a header that says a long name."""
_OTHERS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}
_SETUID = 0o6000


@dataclass
class _Told:
    """What a header before a member's own says of it."""

    name: str | None = None
    size: int | None = None


@dataclass
class _Tape:
    """A stream of blocks."""

    take: Callable[[int], bytes]
    """Up to so many bytes; fewer only at the end."""
    count: Count
    left: int = 0
    """Bytes of the present member, its padding included, not read yet."""

    def exactly(self, size: int) -> bytes:
        content = self.take(size)
        if len(content) < size:
            raise self.count.damaged("it ends in the middle")
        return content

    def content(self, size: int) -> Iterator[bytes]:
        self.left = -(-size // _BLOCK) * _BLOCK
        while size:
            chunk = self.exactly(min(size, CHUNK))
            size -= len(chunk)
            self.left -= len(chunk)
            yield chunk

    def skip(self) -> None:
        while self.left:
            self.left -= len(self.exactly(min(self.left, CHUNK)))

    def said(self, size: int) -> bytes:
        """What a header of headers says, which is short."""
        if size > _MOST_TOLD:
            self.count.refuse(f"a header of {size} bytes")
        content = b"".join(self.content(size))
        self.skip()
        return content


def members(take: Callable[[int], bytes], count: Count) -> Iterator[Member]:
    """The members of the unpacked tar stream that `take` reads, in their order.

    Raises:
        ArchiveError: damaged, cut short, or neither files nor folders.
    """
    tape = _Tape(take, count)
    told = _Told()
    while any(header := tape.exactly(_BLOCK)):
        kind, size = header[156:157], _number(header[124:136], count)
        _check_sum(header, count)
        if kind in b"xgLK":
            _note(told, kind, tape.said(size), count)
            continue
        name = _name(header, count) if told.name is None else told.name
        count.begin(name)
        if why := _OTHERS.get(kind, None if kind in b"\x00057" else "neither a file nor a folder"):
            count.refuse(why)
        # A folder's are usual: in one that a group shares, new files are the group's.
        folder = kind == b"5" or (kind == b"\0" and name.endswith("/"))
        if not folder and _number(header[100:108], count) & _SETUID:
            count.refuse("a file that would run as another user")
        content = tape.content((size if told.size is None else told.size) if not folder else 0)
        told = _Told()
        yield Member(name, folder, content)
        for _ in content:
            pass
        tape.skip()
    count.member = None
    while take(CHUNK):  # to the end, where the checksum stands
        pass


def _note(told: _Told, kind: bytes, content: bytes, count: Count) -> None:
    if kind == b"L":
        told.name = _text(content.split(b"\0", 1)[0], count)
        return
    if kind == b"K":  # the target of a link, which is refused in its turn
        return
    said = _records(content, count)
    if kind == b"g":
        if said.keys() & {"path", "size", "linkpath"}:
            count.refuse("one name for all its members")
        return
    if any(key.startswith("GNU.sparse") for key in said):
        count.refuse("a sparse file")
    if "path" in said:
        told.name = said["path"]
    if "size" in said:
        if not (said["size"].isascii() and said["size"].isdigit() and len(said["size"]) < 20):
            raise count.damaged("a size that is no number")
        told.size = int(said["size"])


def _records(content: bytes, count: Count) -> dict[str, str]:
    """The lines `LENGTH KEY=VALUE` of a pax header."""
    said = {}
    while content:
        length, blank, _ = content.partition(b" ")
        if not blank or not length.isdigit() or len(length) > 6 or not len(length) + 2 < int(length) <= len(content):
            raise count.damaged("a pax header that cannot be read")
        key, equals, value = content[len(length) + 1 : int(length) - 1].partition(b"=")
        if not equals or content[int(length) - 1 : int(length)] != b"\n":
            raise count.damaged("a pax header that cannot be read")
        if key in (b"path", b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
            said[key.decode()] = _text(value, count)
        content = content[int(length) :]
    return said


def _name(header: bytes, count: Count) -> str:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name, count)


def _text(name: bytes, count: Count) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        count.member = name.decode("utf-8", "replace")
        raise count.refusal("a name that is not UTF-8") from None


def _number(field: bytes, count: Count) -> int:
    """An octal number, or where the first bit is set a binary one."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not all(digit in b"01234567" for digit in digits):
        raise count.damaged("a header that cannot be read")
    return int(digits or b"0", 8)


def _check_sum(header: bytes, count: Count) -> None:
    blank = header[:148] + b" " * 8 + header[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in blank)  # as some early programs had it
    if _number(header[148:156], count) not in (sum(blank), signed):
        raise count.damaged("a header with another checksum")
