"""Whether the table is right about a model, by a handful of calls to a live account.

For each fact that is disputed or old, the compiler makes a request that is just legal by the table, and one
that is just illegal; what the provider takes and refuses shows whether the fact holds. ``probe_plan`` says
what would be asked, and sends nothing; ``verified`` asks; ``overlay_of`` writes what was seen.
"""

from __future__ import annotations

from smartllm.verify.bodies import Bodies, Unsayable, callable_id
from smartllm.verify.estimate import Estimate, estimate_of
from smartllm.verify.overlay import Overlay, overlay_of
from smartllm.verify.plan import STALE_DAYS, Choice, ProbePlan, probe_plan
from smartllm.verify.report import COLUMNS, estimate_text, plan_data, report_data, told
from smartllm.verify.run import Report, Result, verified
from smartllm.verify.sender import Sender, config_of

__all__ = [
    "COLUMNS",
    "STALE_DAYS",
    "Bodies",
    "Choice",
    "Estimate",
    "Overlay",
    "ProbePlan",
    "Report",
    "Result",
    "Sender",
    "Unsayable",
    "callable_id",
    "config_of",
    "estimate_of",
    "estimate_text",
    "overlay_of",
    "plan_data",
    "probe_plan",
    "report_data",
    "told",
    "verified",
]
