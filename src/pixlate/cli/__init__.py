"""The command line: flags from the config dataclasses, and commands of a few lines over the Python API."""

from pixlate.cli.app import main

__all__ = ["main"]
