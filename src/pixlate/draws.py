"""Who owns which random numbers.

Every draw comes from a generator of its own, seeded from the run's seed and the draw's name and place: so a sample
saved, a worker added or a step repeated never moves another draw.
"""

from hashlib import blake2b


def seed(root: int, name: str, *place: int | str) -> int:
    """The seed, in [0, 2**63), of the generator called `name` at `place` (epoch, index, rank, file name …).

    Distinct arguments give unrelated seeds; the same arguments the same seed, on every machine and version.
    """
    parts = (f"{type(part).__name__}:{part}" for part in place)
    text = "\x1f".join(part.replace("\\", "\\\\").replace("\x1f", "\\u") for part in (str(root), name, *parts))
    # File names need not be Unicode; the system hands such bytes on as surrogates.
    content = text.encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") >> 1
