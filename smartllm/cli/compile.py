"""``smartllm compile``: show what would be sent. Needs no SDK and no key, and never opens a socket."""

from __future__ import annotations

import json
from typing import Any

import click

from smartllm.cli.request_input import build_request, load_schema, read_request, usage_error
from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.config import PROVIDERS
from smartllm.diagnostics import LEVELS
from smartllm.errors import CompileError, ConfigError, RequestFileError, RulesError
from smartllm.request import EFFORTS


@click.command("compile")
@click.option("--model", "-m", help="Model id, inference profile id or ARN.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="Host, when the id does not tell.")
@click.option(
    "--api-type",
    type=click.Choice(["responses", "chat_completions", "invoke", "converse"]),
    help="Which API of the host.",
)
@click.option("--prompt", "-p", help="Text of the user turn.")
@click.option(
    "--request", "-r", "file", metavar="FILE|-", help="JSON file with request fields, or - for stdin."
)
@click.option("--system", help="System text.")
@click.option("--temperature", type=float, help="Sampling temperature.")
@click.option("--top-p", type=float, help="Nucleus sampling.")
@click.option("--top-k", type=int, help="Top-k sampling (Bedrock).")
@click.option("--max-tokens", type=int, help="Maximum output tokens.")
@click.option("--effort", type=click.Choice(EFFORTS), help="Reasoning effort.")
@click.option("--budget-tokens", type=int, help="Thinking budget in tokens.")
@click.option(
    "--schema", metavar="FILE|module:Class", help="JSON Schema file or Pydantic model for the answer."
)
@click.option("--verbosity", type=click.Choice(["low", "medium", "high"]), help="Length of the answer.")
@click.option(
    "--structured-output",
    type=click.Choice(["auto", "native", "tool", "two_pass"]),
    help="How the answer is bound to the schema.",
)
@click.option("--like", help="Listed model whose facts to use.")
@click.option("--compatible", is_flag=True, help="For another server that speaks OpenAI's API.")
@click.option("--rules", multiple=True, metavar="FILE", help="Rules overlay; may be repeated, the last wins.")
@click.option(
    "--level", type=click.Choice(LEVELS), default="warn", show_default=True, help="What changes mean."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["plan", "body", "curl"]),
    default="plan",
    show_default=True,
    help="What to print.",
)
@click.option("--explain", is_flag=True, help="Print each body leaf with the fact behind it instead.")
def command(file: str | None, schema: str | None, form: str, *, explain: bool, **flags: Any) -> None:
    """Show the wire body of a request without sending it.

    The JSON (or the explanation) goes to standard output, diagnostics to standard error. Exit status: 0
    compiled, 1 refused for this model, 2 bad input.
    """
    try:
        source = "<stdin>" if file == "-" else file or "request"
        request = build_request(_fields(file, schema, flags), source)
    except RequestFileError as error:
        raise usage_error(error) from None
    level = flags["level"]
    try:
        plan = compile_request(
            request,
            provider="openai" if flags["compatible"] else flags["provider"],
            model=flags["model"],
            compatible=flags["compatible"],
            rules=flags["rules"],
            # Diagnostics are printed below; logging them too would say everything twice.
            level="raise" if level == "raise" else "ignore",
        )
    except (RulesError, ConfigError) as error:
        raise usage_error(error) from None
    except CompileError as error:
        click.echo(f"refused: {error}", err=True)
        raise click.exceptions.Exit(1) from None
    if level != "ignore" and not explain:
        for item in plan.diagnostics:
            click.echo(str(item), err=True)
    click.echo(_text(plan, form, explain=explain).encode())


def _fields(file: str | None, schema: str | None, flags: dict[str, Any]) -> dict[str, Any]:
    fields = read_request(file) if file else {}
    given = {
        "prompt": flags["prompt"],
        "api_type": flags["api_type"],
        "system_prompt": flags["system"],
        "temperature": flags["temperature"],
        "top_p": flags["top_p"],
        "top_k": flags["top_k"],
        "max_tokens": flags["max_tokens"],
        "reasoning_effort": flags["effort"],
        "budget_tokens": flags["budget_tokens"],
        "verbosity": flags["verbosity"],
        "response_format": load_schema(schema) if schema else None,
        "structured_output": flags["structured_output"],
        "like": flags["like"],
    }
    return fields | {name: value for name, value in given.items() if value is not None}


def _text(plan: Plan, form: str, *, explain: bool) -> str:
    if explain:
        return plan.explain().rstrip("\n")
    if form == "curl":
        return plan.as_curl()
    if form == "plan":
        return plan.as_json()
    bodies = [step.body for step in plan.steps]
    return json.dumps(bodies[0] if len(bodies) == 1 else bodies, indent=2, ensure_ascii=False)
