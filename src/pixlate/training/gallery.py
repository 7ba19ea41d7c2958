"""index.html in the run folder."""

from pixlate.durable import write as write_file
from pixlate.training import runfolder
from pixlate.training.journal import Journal
from pixlate.training.planning import Plan


def write(planned: Plan, journal: Journal, step: int, total: int) -> None:
    write_file(planned.folder / runfolder.PAGE, f"<h1>{step}/{total}</h1>".encode())
