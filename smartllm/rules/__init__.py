"""The rules: what each model accepts, as data, and how an id finds its facts."""

from smartllm.rules.load import Rules, RuleSet, load_rules
from smartllm.rules.resolve import Resolution, resolve
from smartllm.rules.target import Quota, Target, endpoints, served_on, target_for
from smartllm.rules.vocabulary import DIALECTS, Dialect, Facts, Host

__all__ = [
    "DIALECTS",
    "Dialect",
    "Facts",
    "Host",
    "Quota",
    "Resolution",
    "RuleSet",
    "Rules",
    "Target",
    "endpoints",
    "load_rules",
    "resolve",
    "served_on",
    "target_for",
]
