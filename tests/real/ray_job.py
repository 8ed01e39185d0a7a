"""A program of a user's on a cluster of Ray's with two workers; prints what its answers come to as JSON."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import ray

from smartllm import LLMConfig
from smartllm.plugins.ray import ask


def workers() -> list[int]:
    """Processes below this one that Ray calls workers of ours."""
    parents, names = dict[int, int](), dict[int, str]()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            names[int(path.name)] = (path / "cmdline").read_text()

    def ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and ours(parents[pid]))

    return sorted(pid for pid, name in names.items() if "MapWorker" in name and ours(pid))


def kill_one(log: str, after: int) -> None:
    """Kill a worker once so many calls were made."""
    while True:
        with urllib.request.urlopen(log, timeout=10) as page:  # noqa: S310 - our own loopback server
            if int(page.read()) >= after:
                break
        time.sleep(0.02)
    os.kill(workers()[0], signal.SIGKILL)


def keep_warnings() -> None:
    """Have a worker write what SmartLLM warns of where the test reads it."""
    logging.getLogger("smartllm").addHandler(logging.FileHandler(os.environ["WARNINGS"]))


def main() -> None:
    """Ask."""
    told = json.loads(sys.argv[1])
    # What Ray's own parts report stays here.
    hook = {"worker_process_setup_hook": keep_warnings}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=hook)
    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.from_items(told["rows"], override_num_blocks=4)
    config = LLMConfig(provider="openai", **told["settings"])
    answered = ask(rows, config, workers=2, order="n", worker_options={"num_cpus": 0.5}, **told["fields"])
    if told.get("kill") is not None:
        threading.Thread(target=kill_one, args=told["kill"], daemon=True).start()
    sys.stdout.write(json.dumps(answered.take_all()))


if __name__ == "__main__":
    main()
