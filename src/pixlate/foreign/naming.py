"""The incumbent's names for the parts of each network, beside ours, in the order of the layers."""

from pixlate.specs.networks import RECEPTIVE_FIELDS, DiscriminatorSpec, GeneratorSpec, NetworkSpec


def parts(spec: NetworkSpec) -> list[tuple[str, str]]:
    """(our name, its name) of every convolution and of every norm layer that has tensors."""
    if isinstance(spec, DiscriminatorSpec):
        pairs = _discriminator(spec)
    else:
        pairs = _resnet(spec) if spec.architecture == "resnet" else _unet(spec)
    with_tensors = spec.norm in ("batch", "affine-instance")
    return [(ours, theirs) for ours, theirs, is_norm in pairs if with_tensors or not is_norm]


def joins(spec: NetworkSpec, name: str) -> bool:
    """Whether the part called `name` here is a U-Net's convolution over the decoder's features and the skip's."""
    unet = isinstance(spec, GeneratorSpec) and spec.architecture == "unet"
    return unet and name.startswith("decoder.") and name.endswith(".conv") and name != "decoder.0.conv"


def unet_block(level: int) -> str:
    """Where the incumbent keeps the block of so many halvings, each within the one before."""
    return "model.model" + (".1.model" if level > 0 else "") + ".3.model" * max(0, level - 1)


def unet_dropout(depth: int) -> tuple[int, ...]:
    """After which decoder outputs the incumbent has dropout: not the innermost, nor the three outermost."""
    return tuple(range(2, depth - 3))


def _unet(spec: GeneratorSpec) -> list[tuple[str, str, bool]]:
    pairs = []
    for level in range(spec.depth):
        block, down, up = unet_block(level), f"encoder.{level}", f"decoder.{spec.depth - 1 - level}"
        if level == 0:
            pairs += [(f"{down}.conv", f"{block}.0", False), (f"{up}.conv", f"{block}.3", False)]
        elif level == spec.depth - 1:
            pairs += [(f"{down}.conv", f"{block}.1", False)]
            pairs += [(f"{up}.conv", f"{block}.3", False), (f"{up}.norm", f"{block}.4", True)]
        else:
            pairs += [(f"{down}.conv", f"{block}.1", False), (f"{down}.norm", f"{block}.2", True)]
            pairs += [(f"{up}.conv", f"{block}.5", False), (f"{up}.norm", f"{block}.6", True)]
    return pairs


def _resnet(spec: GeneratorSpec) -> list[tuple[str, str, bool]]:
    pairs = [("first.conv", "model.1", False), ("first.norm", "model.2", True)]
    for level in range(2):
        pairs += [(f"encoder.{level}.conv", f"model.{4 + 3 * level}", False)]
        pairs += [(f"encoder.{level}.norm", f"model.{5 + 3 * level}", True)]
    second = 6 if spec.dropout else 5  # dropout is a layer, and moves what follows it
    for place in range(spec.blocks):
        block = f"model.{10 + place}.conv_block"
        pairs += [(f"blocks.{place}.conv1", f"{block}.1", False), (f"blocks.{place}.norm1", f"{block}.2", True)]
        pairs += [
            (f"blocks.{place}.conv2", f"{block}.{second}", False),
            (f"blocks.{place}.norm2", f"{block}.{second + 1}", True),
        ]
    after = 10 + spec.blocks
    for level in range(2):
        pairs += [(f"decoder.{level}.conv", f"model.{after + 3 * level}", False)]
        pairs += [(f"decoder.{level}.norm", f"model.{after + 1 + 3 * level}", True)]
    return [*pairs, ("last.conv", f"model.{after + 7}", False)]


def _discriminator(spec: DiscriminatorSpec) -> list[tuple[str, str, bool]]:
    """Ours are numbered as the incumbent's are, but that a norm left out takes no number."""
    if spec.receptive_field == 1:
        theirs = "net"
        convolutions: tuple[int, ...] = (0, 2, 5)
        norms: tuple[int, ...] = (3,)
    else:
        halvings = RECEPTIVE_FIELDS.index(spec.receptive_field) - 1
        convolutions = (0, *range(2, 3 + 3 * halvings, 3))
        norms = tuple(place + 1 for place in convolutions[1:-1])
        theirs = "model"
    left_out = norms if spec.norm == "none" else ()
    places = sorted((*convolutions, *norms))
    return [
        (f"layers.{place - sum(norm < place for norm in left_out)}", f"{theirs}.{place}", place in norms)
        for place in places
        if place not in left_out
    ]
