"""aiobotocore's session: for credentials that are not static, and for DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.errors import MissingExtraError

if TYPE_CHECKING:
    from smartllm.settings import Settings


def aws_session(settings: Settings) -> Any:
    """A session that reads the profile and the files that were named when the client was made.

    Raises:
        MissingExtraError: aiobotocore is not installed.
    """
    try:
        import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
    except ImportError as error:
        raise MissingExtraError(
            f"AWS needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
        ) from None
    session = aiobotocore.session.get_session()
    for name, value in {"profile": settings.profile, **settings.aws_files}.items():
        if value is not None:
            session.set_config_variable(name, value)
    return session
