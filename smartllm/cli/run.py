"""``smartllm run``: compile a request, send it, and print the answer."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from smartllm.cli.request_input import exits, rules_in_force, usage_error
from smartllm.cli.request_options import plan_from, print_diagnostics, request_from, request_options
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.config import LLMConfig
from smartllm.content import whole_call
from smartllm.errors import CompileError, ConfigError, SmartLLMError, UnknownModelError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse, Usage
from smartllm.rules import resolve
from smartllm.rules.hosts import host_row
from smartllm.settings import Settings

if TYPE_CHECKING:
    from smartllm.cli.request_input import Request

_PYTHON_KEY: Final = "pass LLMConfig(api_key=...)"


@click.command("run")
@request_options
@click.option("--stream", is_flag=True, help="Print the answer as it comes.")
@click.option("--base-url", help="Another server that speaks OpenAI's API.")
@click.option("--aws-profile", metavar="NAME", help="Profile of AWS's files (Bedrock).")
@click.option("--ca-bundle", metavar="FILE", help="Certificates that https connections trust, in PEM form.")
@click.option("--no-cache", is_flag=True, help="Leave the response cache out.")
@click.option("--refresh", is_flag=True, help="Ask again, and keep the new answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole response as JSON.")
def command(
    *,
    stream: bool,
    as_json: bool,
    base_url: str | None,
    aws_profile: str | None,
    ca_bundle: str | None,
    **flags: Any,
) -> None:
    """Compile a request, send it, and print the answer.

    The answer goes to standard output; diagnostics, usage and where it came from to standard error. Exit
    status: 0 answered, 1 refused or failed, 2 bad input.
    """
    flags["compatible"] = flags["compatible"] or base_url is not None
    request = request_from(flags)
    with exits():
        flags["compatible"] = flags["compatible"] or _is_elsewhere(request, flags)
    update: dict[str, Any] = {"clear_cache": True} if flags["refresh"] else {}
    if flags["no_cache"]:
        update["use_cache"] = False
    request = request.model_copy(update=update)
    plan = plan_from(request, flags)
    print_diagnostics(plan, flags)
    request = request.model_copy(update={"model": plan.model})
    try:
        settings = {"base_url": base_url, "aws_profile": aws_profile, "ca_bundle": ca_bundle}
        asyncio.run(_run(request, plan.host, settings, flags, stream=stream and not as_json, as_json=as_json))
    except ConfigError as error:
        error.hint = error.hint.replace(_PYTHON_KEY, "ask another server with --base-url, which needs none")
        raise usage_error(error) from None
    except (SmartLLMError, ValidationError) as error:
        sys.stdout.flush()
        complain(f"{'refused' if isinstance(error, CompileError) else 'failed'}: {error}")
        raise click.exceptions.Exit(1) from None


def _is_elsewhere(request: Request, flags: dict[str, Any]) -> bool:
    """Whether the environment names another server for a model, as a client would find."""
    rules = rules_in_force(flags["rules"])
    host = next(name for name in rules.table("host") if host_row(name, rules).compatible)
    if flags["provider"] not in {None, host}:
        return False
    if Settings.resolve(LLMConfig(provider=host), sends=False).custom_endpoint is None:
        return False
    model = flags["model"] or request.model
    try:
        return model is None or resolve(model, rules, like=request.like).host in {None, host}
    except UnknownModelError:
        return True


async def _run(
    request: Request,
    provider: str,
    given: dict[str, Any],
    flags: dict[str, Any],
    *,
    stream: bool,
    as_json: bool,
) -> None:
    from smartllm.runtime.client import LLMClient  # noqa: PLC0415 - slow to load

    # The plan's diagnostics are printed already.
    settings: dict[str, Any] = {"provider": provider, "rules": flags["rules"] or None, "level": "ignore"}
    async with LLMClient(**settings, **given) as client:
        if stream:
            await _stream(client, request, flags)
            return
        text = isinstance(request, TextRequest)
        response = await (client.generate_text(request) if text else client.send_message(request))  # type: ignore[arg-type]
    if as_json:
        echo_json(_as_dict(response))
        return
    _print_notes(response, flags)
    if response.text or not response.tool_calls:
        echo(response.text)
    _print_calls(response)
    seconds = response.elapsed_seconds or 0.0
    _print_usage(response.usage, f"{response.stop_reason}, {seconds:.2f} s, cache {response.cache_source}")


async def _stream(client: Any, request: Request, flags: dict[str, Any]) -> None:
    call = client.send_message_stream if isinstance(request, MessageRequest) else client.generate_text_stream
    told = False
    async for chunk in call(request):
        if chunk.metadata.get("type") != "thinking":
            echo(chunk.text, nl=False)
            told = told or bool(chunk.text)
        if chunk.usage is not None:
            if told or not (chunk.response and chunk.response.tool_calls):
                click.echo()
            if chunk.response is not None:
                _print_calls(chunk.response)
                _print_notes(chunk.response, flags)
            _print_usage(chunk.usage, str(chunk.stop_reason))


def _print_notes(response: TextResponse[Any], flags: dict[str, Any]) -> None:
    """What the answer itself has to tell; the plan's diagnostics are printed already."""
    if flags["level"] != "ignore":
        for item in response.diagnostics:
            if item.path == "response":
                complain(str(item))


def _print_calls(response: TextResponse[Any]) -> None:
    """One line a call, as it would be written; its id is in the JSON."""
    for index, call in enumerate(response.tool_calls):
        echo(f"{call.name}({whole_call(index, call).arguments})")


def _print_usage(usage: Usage, rest: str) -> None:
    written = f", {usage.cache_write_tokens} written" if usage.cache_write_tokens else ""
    counts = f"{usage.input_tokens} in ({usage.cached_tokens} cached{written}), {usage.output_tokens} out"
    complain(f"{counts} ({usage.reasoning_tokens} reasoning); {rest}")


def _as_dict(response: TextResponse[Any]) -> dict[str, Any]:
    structured = response.structured_data
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls]
    return {
        "text": response.text,
        **({"tool_calls": calls} if calls else {}),
        "refusal": response.refusal,
        "model": response.model,
        "stop_reason": response.stop_reason,
        "finish_reason": response.finish_reason,
        "request_id": response.request_id,
        "usage": asdict(response.usage),
        "timestamp": response.timestamp,
        "elapsed_seconds": response.elapsed_seconds,
        "structured_data": structured.model_dump(mode="json")
        if hasattr(structured, "model_dump")
        else structured,
        "cache_source": response.cache_source,
        "cache_key": response.cache_key,
        "metadata": response.metadata,
        "diagnostics": [item.as_dict() for item in response.diagnostics],
    }
