"""Training: the plan, the loop, and how a run is watched."""

from pathlib import Path

from pixlate.specs.training import TrainConfig


def train(config: TrainConfig) -> Path:
    """Train as `config` says, or go on with the run it names; returns the run's folder.

    SIGINT, SIGTERM, SIGUSR1 and SIGHUP let the run finish its step and write a checkpoint; then KeyboardInterrupt is
    raised for SIGINT, else SystemExit with code 143, or 129 for SIGHUP.

    The folder holds model.safetensors (the last state), best.safetensors, config.yaml, metrics.jsonl, index.html,
    samples/ and checkpoints/.

    Raises:
        PixlateError: whatever the user can put right, before the first step wherever it can be seen by then.
    """
    from pixlate.training.planning import plan  # noqa: PLC0415
    from pixlate.training.stopping import Stop  # noqa: PLC0415

    with Stop() as stop:
        planned = plan(config)
        from pixlate.training.loop import run  # noqa: PLC0415 - torch is loaded once the plan holds, not before

        return run(planned, stop)
