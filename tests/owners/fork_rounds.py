"""A script that forks with a live client, again and again; prints what went wrong, one line of JSON a round.

``python fork_rounds.py sync|async openai|bedrock URL FOLDER ROUNDS ACT...``
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from smartllm import LLMClient, TextRequest
from smartllm import sync as smartllm_sync

KIND, PROVIDER, URL, FOLDER, ROUNDS, *ACTS = sys.argv[1:]
TOTAL = 4.0
# Of a right answer; a machine under load is slow, and a hang takes the total timeout.
QUICK = TOTAL / 2
MODEL = "gpt-5.4" if PROVIDER == "openai" else "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PARENT = os.getpid()
RUNNERS = {PARENT: asyncio.Runner()}
PIPE = os.pipe()
numbers = itertools.count()
problems: list[str] = []
client: Any = None


def made() -> Any:
    """A client of the kind that is tried."""
    settings: dict[str, Any] = {"total_timeout": TOTAL, "read_timeout": TOTAL, "level": "ignore"}
    settings |= {"cache_dir": FOLDER, "max_retries": 0}
    if PROVIDER == "openai":
        settings |= {"base_url": f"{URL}/v1", "api_key": "none"}
    else:
        settings |= {"endpoint_url": URL, "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s"}
    settings["provider"] = PROVIDER
    return smartllm_sync.LLMClient(**settings) if KIND == "sync" else LLMClient(**settings)


def run(call: Any) -> Any:
    """The result, also of a coroutine; a child has a loop of its own."""
    if KIND == "sync":
        return call()
    return RUNNERS.setdefault(os.getpid(), asyncio.Runner()).run(call())


def problem(prompt: str, *, use_cache: bool = True) -> str:
    """Ask; what was wrong with the answer, or nothing."""
    clock = time.monotonic()
    try:
        request = TextRequest(prompt=prompt, model=MODEL, use_cache=use_cache)
        text = run(lambda: client.generate_text(request)).text
    except BaseException as error:  # noqa: BLE001 - the parent must hear of everything
        text = f"{type(error).__name__}: {str(error)[:80]}"
    took = time.monotonic() - clock
    if text != f"echo: {prompt}":
        return f"{prompt} got {text!r} after {took:.1f} s"
    return f"{prompt} took {took:.1f} s" if took > QUICK else ""


def ask(who: str, count: int = 2) -> None:
    """Ask for something new, and for the same again."""
    for _ in range(count):
        prompt = f"{who} {next(numbers)} of {os.getpid()}"
        for _again in range(2):
            tell(problem(prompt))


def tell(text: str) -> None:
    """A problem; a child's goes to its parent."""
    if text and os.getpid() == PARENT:
        problems.append(text)
    elif text:
        os.write(PIPE[1], f"{text}\n".encode())


def child_asks() -> None:
    """Use what was inherited."""
    ask("child")
    os._exit(0)


def child_closes() -> None:
    """Close it."""
    run(client.close if KIND == "sync" else client.aclose)
    os._exit(0)


def child_drops() -> None:
    """Let it be collected."""
    global client  # noqa: PLW0603 - the script's one client
    client = None
    gc.collect()
    os._exit(0)


def child_drops_and_asks() -> None:
    """Let it be collected and use another."""
    global client  # noqa: PLW0603 - the script's one client
    client = None
    gc.collect()
    client = made()
    ask("child")
    os._exit(0)


def child_exits() -> NoReturn:
    """End as scripts do, with the interpreter's clean-up."""
    sys.exit(0)


def child_asks_and_exits() -> NoReturn:
    """The same after a call."""
    ask("child")
    sys.exit(0)


def child_is_killed() -> None:
    """End without any clean-up, in the middle of its work."""
    ask("child", 1)
    os.kill(os.getpid(), signal.SIGKILL)


def child_ends_at_once() -> NoReturn:
    """Do nothing."""
    os._exit(0)


def child_has_a_child() -> None:
    """A generation more; both ask."""
    ask("child", 1)
    if (pid := os.fork()) == 0:
        ask("grandchild", 1)
        os._exit(0)
    ask("child", 1)
    os.waitpid(pid, 0)
    os._exit(0)


def forked(act: Callable[[], None]) -> None:
    """Do something in a child; wait for its end, but not for ever."""
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(1)
    deadline = time.monotonic() + 4 * TOTAL
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            problems.append("the child did not end")
        time.sleep(0.003)


def asked_in_a_pool(number: int) -> str:
    """What a worker does with the module's client."""
    return problem(f"worker {number} of {os.getpid()}")


def pool() -> None:
    """Workers use a client of the module."""
    with multiprocessing.get_context("fork").Pool(2) as workers:
        try:
            problems.extend(filter(None, workers.map_async(asked_in_a_pool, range(6)).get(3 * TOTAL)))
        except multiprocessing.TimeoutError:
            problems.append("the pool gave no answer")


@contextmanager
def busy_cache() -> Iterator[None]:
    """Threads that write the cache until the end of the block."""
    done = threading.Event()

    def write(name: int) -> None:
        settings: dict[str, Any] = {
            "provider": "openai",
            "base_url": f"{URL}/v1",
            "api_key": "x",
            "cache_dir": FOLDER,
        }
        with smartllm_sync.LLMClient(**settings) as own:
            while not done.is_set():
                own.generate_text(TextRequest(prompt=f"{name} {next(numbers)}", model="gpt-5.4"))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    yield
    done.set()
    for thread in threads:
        thread.join()


def writing() -> None:
    """Fork while other threads write the cache; the child keeps answers too."""
    with busy_cache():
        for _ in range(3):
            forked(child_asks)


def meanwhile() -> None:
    """Parent and child ask at the same time."""
    pid = os.fork()
    if pid == 0:
        child_asks()
    ask("parent")
    os.waitpid(pid, 0)


def told_by_children() -> list[str]:
    """What the children said since the last time."""
    text = b""
    while True:
        try:
            text += os.read(PIPE[0], 65536)
        except BlockingIOError:
            return text.decode().splitlines()


def say(line: str) -> None:
    """A line for whoever started this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """The rounds."""
    global client  # noqa: PLW0603 - the script's one client
    os.set_blocking(PIPE[0], False)
    for number in range(int(ROUNDS)):
        name = ACTS[number % len(ACTS)]
        client = made()
        ask("first", 1)
        if name.startswith("child"):
            forked(globals()[name])
        else:
            globals()[name]()
        ask("parent")
        run(client.close if KIND == "sync" else client.aclose)
        problems.extend(told_by_children())
        if problems:
            say(json.dumps([name, *problems]))
            problems.clear()


if __name__ == "__main__":
    if KIND == "async":
        # A child that ends as scripts do would close this loop, which only the parent may; not ours to judge.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(RUNNERS[PARENT].get_loop()))
    main()
    say("done")
    os._exit(0)
