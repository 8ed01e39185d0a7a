"""A host that refuses the provider's own schema mode, as some do for some models, accounts or regions."""

from __future__ import annotations

from typing import Any, Final

from .heard import Refused

_CLAUDE: Final = "output_config.format: Extra inputs are not permitted"
_REFUSALS: Final[tuple[tuple[str, Refused], ...]] = (
    ("output_config.format", Refused(_CLAUDE)),
    (
        "outputConfig.textFormat",
        Refused(f"The model returned the following errors: {_CLAUDE}"),
    ),
    (
        "response_format",
        Refused(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. "
            "Learn more about supported models at the Structured Outputs guide."
        ),
    ),
    (
        "text.format",
        Refused(
            "Unsupported parameter: 'text.format' is not supported with this model.",
            "unsupported_parameter",
            "text.format",
        ),
    ),
)
"""Where a wire has the mode, and the words in which it is refused; see ``hosts.format_refusals``."""


def native_refusal(body: dict[str, Any]) -> Refused | None:
    """The error for a body that asks for the mode; None for others."""
    return next((refused for place, refused in _REFUSALS if _asks(body, place)), None)


def _asks(body: dict[str, Any], place: str) -> bool:
    node: Any = body
    for key in place.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    return isinstance(node, dict) and node.get("type") == "json_schema"
