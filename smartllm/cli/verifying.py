"""What ``smartllm verify`` does: plan the calls, ask, tell, write."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

from smartllm.cli.calls.calling import compatible_host
from smartllm.cli.requests.plain import some_request
from smartllm.cli.requests.request_input import exits, rules_in_force, usage_error
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.compiler.target import choose_target
from smartllm.errors import CompileError, ConfigError, SmartLLMError
from smartllm.pages.facts import shown
from smartllm.runtime.elsewhere import server_of
from smartllm.verify import (
    COLUMNS,
    STALE_DAYS,
    Bodies,
    Choice,
    Estimate,
    Overlay,
    ProbePlan,
    Report,
    Sender,
    Unsayable,
    callable_id,
    config_of,
    estimate_of,
    estimate_text,
    overlay_of,
    plan_data,
    probe_plan,
    report_data,
    told,
    verified,
)


def verify(
    model: str, *, yes: bool, max_calls: int, output: str | None, as_json: bool, given: dict[str, Any]
) -> None:
    """Plan, ask, tell, write.

    Args:
        model: The model.
        yes: Do not ask whether the calls may be made.
        max_calls: How many are made at most.
        output: File for what was seen.
        as_json: Print JSON.
        given: The other options.

    Raises:
        click.exceptions.Exit: With the status, where it is not 0.
    """
    today = dt.datetime.now(dt.UTC).date()
    if output is not None:
        _check_output(output)
    choice = Choice(
        today=today,
        older_than=STALE_DAYS if given["older_than"] is None else given["older_than"],
        everything=given["everything"],
        facts=given["facts"],
    )
    with exits():
        try:
            bodies, sender = _prepared(model, given)
            plan = _planned(bodies, choice)
        except CompileError as error:  # status 1 says that the table is wrong
            raise usage_error(error) from None
    estimate = estimate_of(plan, max_calls)
    if not plan.checks:
        _nothing(plan, estimate, choice, as_json=as_json)
        return
    if not as_json:
        echo(_about(plan))
        echo(estimate_text(estimate))
    _consent(plan, estimate, yes=yes, as_json=as_json)
    report = asyncio.run(_asked(plan, sender, max_calls))
    _print(report, estimate, as_json=as_json)
    if output is not None:
        _write(overlay_of(report, today), output)
    status = 1 if report.differs else 0 if any(one.verdict != "can't tell" for one in report.results) else 2
    if status:
        raise click.exceptions.Exit(status)


def _prepared(model: str, given: dict[str, Any]) -> tuple[Bodies, Sender]:
    """What makes the bodies, and what sends them.

    Raises:
        ConfigError: A setting cannot be used, or there is no key.
        CompileError: The model is not known, or not served there.
        RulesError: An overlay cannot be used.
    """
    rules = rules_in_force(given["rules"])
    fields = {} if given["api_type"] is None else {"api_type": given["api_type"]}
    provider = given["provider"] or ("openai" if given["base_url"] else None)
    address = given["base_url"]
    request = some_request(fields)
    server = server_of(address, compatible_host(rules), rules).compatible if address else False
    target = choose_target(request, provider, model, rules, compatible=server)[0]
    if not address and (usual := callable_id(target, model)) != model:
        model = usual
        target = choose_target(request, provider, model, rules)[0]
    settings = {name: given[name] for name in ("base_url", "aws_profile", "ca_bundle")}
    sender = Sender(config_of(target.host, rules=given["rules"] or None, **settings))
    there = server_of(sender.settings.custom_endpoint, target.host, rules)
    return Bodies(target, model, compatible=there.compatible), sender


def _planned(bodies: Bodies, choice: Choice) -> ProbePlan:
    """The plan.

    Raises:
        ConfigError: A fact that is named does not exist, or nothing can be sent to the model.
    """
    try:
        plan = probe_plan(bodies, choice)
    except Unsayable as error:
        raise ConfigError(f"{bodies.model}: nothing can be asked: {error}") from None
    if choice.facts and not plan.checks and not plan.unasked:
        raise ConfigError(
            f"--fact {', '.join(choice.facts)}: there is no such fact",
            hint=f"`smartllm explain {bodies.model} --all` lists them",
        )
    return plan


def _about(plan: ProbePlan) -> str:
    target = plan.bodies.target
    reasons: dict[str, list[str]] = {}
    for fact, reason in plan.why.items():
        reasons.setdefault(reason, []).append(fact)
    lines = [f"  {reason}: {', '.join(facts)}" for reason, facts in reasons.items()]
    count = f"{len(plan.checks)} fact{'' if len(plan.checks) == 1 else 's'}"
    return "\n".join([f"{plan.bodies.model} on {target.host}, {target.dialect}: {count}", *lines])


def _nothing(plan: ProbePlan, estimate: Estimate, choice: Choice, *, as_json: bool) -> None:
    """Say that there is nothing to ask."""
    if as_json:
        echo_json({**plan_data(plan, estimate), "facts": []})
    _print_unasked(plan)
    if not choice.facts:
        complain(f"no fact that a call can show is disputed or over {choice.older_than} days old; see --all")


def _consent(plan: ProbePlan, estimate: Estimate, *, yes: bool, as_json: bool) -> None:
    """Ask whether the calls may be made.

    Raises:
        click.exceptions.Exit: They may not; status 2.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        if as_json:
            echo_json(plan_data(plan, estimate))
        raise usage_error(ConfigError("nothing was sent", hint="pass --yes to make the calls"))
    if not click.confirm("Make the calls?", err=True):
        raise click.exceptions.Exit(2)


def _check_output(output: str) -> None:
    """Refuse a file that is there or cannot be written, before a call is made.

    Raises:
        click.exceptions.Exit: It is so; status 2.
    """
    try:
        with Path(output).open("x"):
            pass
        Path(output).unlink()
    except (FileExistsError, IsADirectoryError):
        wrong = "the file exists"
    except (OSError, ValueError) as error:
        wrong = getattr(error, "strerror", None) or str(error)
    else:
        return
    raise usage_error(ConfigError(f"-o {output}: {wrong}", hint="name a file that can be made"))


def _write(overlay: Overlay, output: str) -> None:
    """Write what was seen."""
    for fact in overlay.left_out:
        complain(f"not written: {fact}: the table has no words for it beside the others")
    if overlay.text:
        try:
            with Path(output).open("x", encoding="utf-8") as file:
                file.write(overlay.text)
        except OSError as error:
            echo(overlay.text)  # what was paid for is not lost
            raise usage_error(ConfigError(f"-o {output} was not written: {error.strerror}")) from None
        complain(f"written: {output}; use it with --rules {output}")


async def _asked(plan: ProbePlan, sender: Sender, most: int) -> Report:
    async with sender:
        try:
            return await verified(plan, sender, most=most)
        except SmartLLMError as error:
            raise usage_error(error) from None


def _print(report: Report, estimate: Estimate, *, as_json: bool) -> None:
    if as_json:
        echo_json(report_data(report, estimate))
    elif report.results:
        rows = [
            (
                result.check.fact,
                shown(result.check.value),
                shown(result.value) if result.verdict != "can't tell" else "-",
                result.verdict,
            )
            for result in report.results
        ]
        print_table(COLUMNS, rows)
        for result in report.results:
            for line in told(result):
                echo(line)
    if report.failed:
        complain(f"failed: nothing could be asked: {report.failed}")
    _print_unasked(report.plan)
    usage = report.usage
    complain(f"{report.calls} calls, {usage.input_tokens} in, {usage.output_tokens} out")


def _print_unasked(plan: ProbePlan) -> None:
    """Facts that were chosen and that no call tells, by the reason."""
    reasons: dict[str, list[str]] = {}
    for fact, reason in plan.unasked:
        reasons.setdefault(reason, []).append(fact.path)
    for reason, facts in reasons.items():
        complain(f"not asked, {reason}: {', '.join(facts)}")
