"""`pixlate train`: its flags are the fields of the settings, those of the method included."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Group, Parameter, Token, UnknownOptionError

from pixlate.errors import ConfigError, suggestion
from pixlate.specs.data import DataConfig
from pixlate.specs.learning import LearningConfig
from pixlate.specs.methods.table import DEFAULT, METHODS
from pixlate.specs.networks import NetworksConfig
from pixlate.specs.training import LoopConfig, TrainConfig, of_methods, to_flat

if TYPE_CHECKING:
    from cyclopts import ArgumentCollection

_GROUPS = {
    name: Group(name, sort_key=place) for place, name in enumerate(("Data", "Method", "Networks", "Learning", "Run"))
}


def command(settings: type[Any]) -> Callable[..., None]:
    """The command `train` with the flags of one method, which are the fields of its `settings`."""

    def train(  # noqa: PLR0913 - one argument a group of flags
        data: str | None = None,
        data_b: str | None = None,
        /,
        *,
        config: Path | None = None,  # noqa: ARG001 - read by settings_file, before the command runs
        method: Annotated[str, Parameter(group=_GROUPS["Method"])] = settings.method,  # noqa: ARG001 - chose `settings`
        data_config: Annotated[DataConfig, Parameter(name="*", group=_GROUPS["Data"])] = DataConfig(),  # noqa: B008
        method_config: Any = settings(),  # noqa: ANN401, B008
        networks: Annotated[NetworksConfig, Parameter(name="*", group=_GROUPS["Networks"])] = NetworksConfig(),  # noqa: B008
        learning: Annotated[LearningConfig, Parameter(name="*", group=_GROUPS["Learning"])] = LearningConfig(),  # noqa: B008
        loop: Annotated[LoopConfig, Parameter(name="*", group=_GROUPS["Run"])] = LoopConfig(),  # noqa: B008
    ) -> None:
        """Train a translator; the same command again goes on from its last checkpoint.

        pix2pix learns from pairs of pictures, cyclegan and cut from two folders of pictures that are not paired. The
        flags below are those of the --method named beside --help.

        Parameters
        ----------
        data
            Folder of side-by-side pictures (A left, B right), folder with A and B inside, a CSV/JSONL list, or shards:
            their folder, or the URL of their index.json.
        data_b
            Folder of the B pictures, where DATA holds the A pictures.
        config
            YAML file of settings, such as the config.yaml of a run; a flag given here counts before it.
        method
            How to learn: METHODS.
        """
        from pixlate import training  # noqa: PLC0415

        given = replace(data_config, data=data or data_config.data, data_b=data_b or data_config.data_b)
        training.train(TrainConfig(given, method_config, loop, networks, learning))

    train.__annotations__["method_config"] = Annotated[settings, Parameter(name="*", group=_GROUPS["Method"])]
    train.__doc__ = (train.__doc__ or "").replace("METHODS", ", ".join(METHODS))
    return train


def method_asked(arguments: Sequence[str]) -> str:
    """The method whose flags `train` is to have: as --method says, or the file after --config.

    Raises:
        ConfigError: there is no such method, or no such file.
    """
    asked: dict[str, str] = {}
    for place, word in enumerate(arguments):
        flag, given, value = word.partition("=")
        if flag in ("--method", "--config"):
            asked[flag] = value if given else "".join(arguments[place + 1 : place + 2])
    for flag, value in asked.items():
        if not value or value.startswith("-"):
            raise ConfigError(f"{flag} wants {'a name' if flag == '--method' else 'a file'} after it.")
    if "--method" not in asked and "--config" in asked:
        from pixlate.training import runfolder  # noqa: PLC0415

        return runfolder.read(Path(asked["--config"])).method.method
    method = asked.get("--method", DEFAULT.method)
    if method not in METHODS:
        raise ConfigError(
            f"There is no method {method!r}; choose from {', '.join(METHODS)}.{suggestion(method, METHODS)}"
        )
    return method


def explained(error: UnknownOptionError, method: str) -> str:
    """What to say of a flag that `method` does not have."""
    flag = (error.token.keyword or error.token.value).partition("=")[0]
    others = of_methods(flag.lstrip("-").removeprefix("no-").replace("-", "_"))
    return f"{flag} is a flag of --method {others}, and the method is {method}." if others else str(error)


def settings_file(_app: App, _commands: tuple[str, ...], arguments: "ArgumentCollection") -> None:
    """Let the file named by --config speak for every flag that is not given."""
    flags = {argument.name.removeprefix("--").replace("-", "_"): argument for argument in arguments}
    if "config" not in flags or not flags["config"].tokens:
        return
    from pixlate.training import runfolder  # noqa: PLC0415

    path = flags["config"].tokens[0].value
    given = {name for name, flag in flags.items() if flag.tokens}
    given |= {"steps", "epochs"} if given & {"steps", "epochs"} else set()  # one replaces the other
    given |= {"data", "data_b", "stack"} if given & {"DATA", "data"} else set()  # another A wants another B, or none
    given |= {"recipe_sha256"} if "recipe" in given else set()
    method = "".join(token.value for token in flags["method"].tokens) or DEFAULT.method
    settings = runfolder.read(Path(path), method)
    if settings.method.method != method and "method" in given:
        raise ConfigError(f"{path} has settings of {settings.method.method}, and --method says {method}.")
    for name, value in to_flat(settings).items():
        if value is not None and name not in given:
            for each in value if isinstance(value, list) else [value]:
                flags[name].append(Token(keyword=name, value=str(each), source=path))
