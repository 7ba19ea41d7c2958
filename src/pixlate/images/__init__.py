"""Pictures: files ↔ arrays ↔ what a network sees. The only room that opens a picture file; it imports no torch.

A picture is an array (H, W, C) of uint8, uint16 or float32, with any number of channels. Networks see float32
(C, H, W) in [-1, 1].
"""

from pixlate.images.decoding import Header, as_picture, from_pillow, is_pillow, read, read_capture, read_header
from pixlate.images.encoding import encode, encode_jpeg, encode_png, kept_tags, to_pillow
from pixlate.images.listing import SUFFIXES, passed_over, pictures_in
from pixlate.images.pixels import File, Half, Picture
from pixlate.images.reading import read_as, read_halves, refuse_unsuited
from pixlate.images.recognising import ENDINGS, format_of, is_cut_off
from pixlate.images.shaping import grid, refuse_odd_width, resize, with_channels
from pixlate.images.values import as_kind, from_float, levels, scale, to_float, viewable

__all__ = [
    "ENDINGS",
    "SUFFIXES",
    "File",
    "Half",
    "Header",
    "Picture",
    "as_kind",
    "as_picture",
    "encode",
    "encode_jpeg",
    "encode_png",
    "format_of",
    "from_float",
    "from_pillow",
    "grid",
    "is_cut_off",
    "is_pillow",
    "kept_tags",
    "levels",
    "passed_over",
    "pictures_in",
    "read",
    "read_as",
    "read_capture",
    "read_halves",
    "read_header",
    "refuse_odd_width",
    "refuse_unsuited",
    "resize",
    "scale",
    "to_float",
    "to_pillow",
    "viewable",
    "with_channels",
]
