"""What a row of ``[server.*]`` may say: a server that speaks OpenAI's API, and what holds for its models."""

from dataclasses import dataclass

from smartllm.rules.vocabulary.fact import fact


@dataclass(frozen=True, eq=False)
class ServerRow:
    """A server by name: how it is known, and the profile of what it serves."""

    title: str = fact("", "The name for people.")
    profile: str = fact("", "Profile of all that it serves and that models does not name.")
    base_url: str = fact("", "Its usual address, as base_url takes it.")
    hosts: tuple[str, ...] = fact(
        (), "Names of hosts that are this server's alone, by which it is known; those below them too."
    )
    ports: tuple[int, ...] = fact((), "Its default ports: an address with one of them is taken to be its.")
    models: dict[str, str] = fact(
        {}, "Profiles of single models, by their ids here; * stands for any text, the first that fits counts."
    )
