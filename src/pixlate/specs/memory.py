"""Amounts of memory, as people write them."""

import re

from pixlate.errors import ConfigError

_UNITS = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([kmgt]i?)b", re.ASCII | re.IGNORECASE)


def parse_memory(text: str, name: str = "memory") -> int:
    """Bytes from `"4GB"` (4·10⁹), `"4GiB"` (4·2³⁰) or `"800 MB"`.

    Raises:
        ConfigError: anything else, or none at all.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if amount < 1:
        raise ConfigError(f"{name} is {text!r}; give an amount such as 4GB, 800MB or 3.5GiB.")
    return amount


def format_memory(amount: int) -> str:
    """`"3.2 GB"` or `"540 MB"`."""
    return f"{amount / 1e9:.1f} GB" if amount >= 1e9 else f"{max(1, round(amount / 1e6))} MB"
