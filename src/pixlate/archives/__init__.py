"""Unpacking archives that others have made: zip and tar (plain, gzip, bzip2, xz), regular files and folders only.

What an archive says of itself is not believed: names are judged, bytes counted as they are unpacked.
"""

from pixlate.archives.limits import Limits
from pixlate.archives.unpacking import Progress, extract, members, unpack

__all__ = ["Limits", "Progress", "extract", "members", "unpack"]
