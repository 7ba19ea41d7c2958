"""Who owns which random numbers.

Every draw comes from a generator of its own, seeded from the run's seed and the draw's name and place: so a sample
saved, a worker added or a step repeated never moves another draw.
"""

from hashlib import blake2b


def seed(root: int, name: str, *place: int | str) -> int:
    """The seed, in [0, 2**63), of the generator called `name` at `place` (epoch, index, rank, file name …).

    Distinct arguments give unrelated seeds; the same arguments the same seed, on every machine and version.
    """
    text = "\x1f".join([str(root), name, *(f"{type(part).__name__}:{part}" for part in place)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
