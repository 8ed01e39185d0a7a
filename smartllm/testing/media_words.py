"""What each wire says of wrong pictures, documents, sound and film."""

from __future__ import annotations

from typing import Final

from . import media_heard as heard
from .check_media import MediaWire
from .converse_heard import UNTAKEN
from .heard import Refused, Words

_TOO_LONG: Final = "Input is too long for requested model."
"""What Bedrock says of too many bytes as of too many tokens (seen live)."""
_BAD_IMAGE: Final = Refused(
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
    "['png', 'jpeg', 'gif', 'webp'].",
    "invalid_image_format",
)
_OPENAI: Final[Words] = {
    "sourceless": Refused("Missing required parameter: '{place}'.", "missing_required_parameter", "{place}"),
    "base64": Refused(
        "Invalid '{place}'. Expected a base64-encoded data URL with the MIME type of what it holds (e.g. "
        "'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without one.",
        "invalid_value",
        "{place}",
    ),
    "untaken": Refused(
        "Invalid '{place}'. Expected a base64-encoded data URL with one of the MIME types {taken} (e.g. "
        "'data:application/pdf;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type '{label}'.",
        "invalid_value",
        "{place}",
    ),
    "mislabelled": _BAD_IMAGE,
    "unreadable": _BAD_IMAGE,
    "moving": _BAD_IMAGE,
    "large": Refused(
        "The file is too large: {bytes} bytes. The maximum size is 50 MB.", "file_too_large", "{place}"
    ),
    "large-together": Refused(
        "The files are too large: {bytes} bytes. The maximum size of all is {most} bytes.",
        "file_too_large",
        "{place}",
    ),
    "many": Refused(
        "Too many {kind}s: the maximum is {most}, and the request holds {count}.",
        "invalid_value",
        "{place}",
    ),
    "detail": Refused(
        "Invalid value: '{detail}'. Supported values are: {taken}.", "invalid_value", "{place}.detail"
    ),
    "from-s3": Refused(
        "Failed to download {kind} from '{place}'. Only http and https URLs are supported.",
        "invalid_image_url",
        "{place}",
    ),
}
_NOT_HERE: Final = (
    "Invalid 'messages[{turn}]'. {Kind}s are only allowed for messages with role 'user', but this message "
    "with role '{role}' contains one."
)

CHAT: Final = MediaWire(
    read=heard.chat,
    words={
        **_OPENAI,
        "from-url": Refused(
            "Unknown parameter: '{place}.file.file_url'.", "unknown_parameter", "{place}.file.file_url"
        ),
        "kind": Refused(
            "Invalid content type. {part} is only supported by certain models.", param="{dotted}.type"
        ),
        "in-system": Refused(_NOT_HERE, "invalid_value", "messages[{turn}]"),
        "in-assistant": Refused(_NOT_HERE, "invalid_value", "messages[{turn}]"),
    },
)

RESPONSES: Final = MediaWire(
    read=heard.responses,
    words={
        **_OPENAI,
        "kind": Refused(
            "Invalid content type. {part} is only supported by certain models.", param="{place}.type"
        ),
        "in-assistant": Refused(
            "Invalid value: '{part}'. Supported values are: 'output_text' and 'refusal'.",
            "invalid_value",
            "{place}",
        ),
        "in-system": Refused(
            "Invalid value: '{part}'. Supported values are: 'input_text'.", "invalid_value", "{place}"
        ),
    },
)
_TAG: Final = (
    "{place}.{kind}.source: Input tag '{source}' found using 'type' does not match any of the expected "
)
_TAG_END: Final = "tags: 'base64'"

_DATA: Final = "{place}.{kind}.source.base64.data: "

CLAUDE: Final = MediaWire(
    read=heard.claude,
    words={
        "kind": Refused("{place}.{kind}: '{model}' does not support {kind} input."),
        "in-system": Refused("{place}.{kind}: Input should be 'text'"),
        "in-assistant": Refused(
            "{place}.{kind}: {kind} blocks are only permitted in messages with role 'user'"
        ),
        "sourceless": Refused("{place}.{kind}.source.type: Field required"),
        "from-url": Refused(_TAG + _TAG_END),
        "from-file_id": Refused(_TAG + _TAG_END),
        "base64": Refused(_DATA + "Invalid base64 data"),
        "untaken": Refused("{place}.{kind}.source.base64.media_type: Input should be one of {taken}"),
        "mislabelled": Refused(
            _DATA + "The {kind} was specified using the {label} media type, but the "
            "{kind} appears to be a {found} {kind}"
        ),
        "unreadable": Refused(_DATA + "Could not process {kind}"),
        "large": Refused(
            "{place}.{kind}.source.base64: {kind} exceeds 5 MB maximum: {length} bytes > {most} bytes"
        ),
        "wide": Refused(
            _DATA + "At least one of the image dimensions exceed max allowed size: {most} pixels"
        ),
        "wide-of-many": Refused(
            _DATA + "At least one of the image dimensions exceed max allowed size for "
            "many-image requests: {most} pixels"
        ),
        "many": Refused("messages: too many images and documents: {images} + {documents} > {most}"),
        "whole": Refused(_TOO_LONG),
        "citations-some": Refused("messages: Citations must be enabled on all or none of the documents"),
        "citations-bound": Refused("output_config.format: Citations cannot be used with structured outputs"),
    },
)
_FIELD: Final = "This model doesn't support the {kind} field for user messages. Remove {kind} and try again."
_ANSWERED: Final = "The model returned the following errors: "

CONVERSE: Final = MediaWire(
    read=heard.converse,
    named=True,
    marked=True,
    texts=True,
    words={
        "keys": Refused(
            "ContentBlock object at {place} must set one of the following keys: text, image, toolUse, "
            "toolResult, document, video, audio, cachePoint, reasoningContent, guardContent."
        ),
        "kind": Refused(_FIELD),
        "kind-time": Refused(UNTAKEN),
        "in-system": Refused('Unknown parameter in {place}: "{kind}", must be one of: text, guardContent'),
        "in-assistant": Refused(_FIELD.replace("user", "assistant")),
        "sourceless": Refused("The source of the {kind} at {place} must set one of: bytes, s3Location"),
        "from-s3": Refused("This model doesn't support the s3Uri field. Remove s3Uri and try again."),
        "format": Refused(
            "1 validation error detected: Value '{word}' at '{place}.{kind}.format' failed to satisfy "
            "constraint: Member must satisfy enum value set: [{words}]"
        ),
        "untaken": Refused(
            "This model doesn't support the {word} format of the {kind} at {place}. It supports: {taken}"
        ),
        "base64": Refused("The {kind} at {place} has no bytes. Add them, and try again."),
        "mislabelled": Refused(
            _ANSWERED + "{place}.{kind}.source: The {kind} was specified using the {label} media type, but "
            "the {kind} appears to be a {found} {kind}"
        ),
        "unreadable": Refused(_ANSWERED + "{place}.{kind}.source: Could not process {kind}"),
        "large": Refused(_ANSWERED + "{place}.{kind}.source: {kind} exceeds the maximum: {bytes} bytes"),
        "whole": Refused(_TOO_LONG),
        "wide": Refused(
            _ANSWERED + "{place}.{kind}.source: At least one of the image dimensions exceed max allowed "
            "size: {most} pixels"
        ),
        "wide-of-many": Refused(
            _ANSWERED + "{place}.{kind}.source: At least one of the image dimensions exceed max allowed "
            "size for many-image requests: {most} pixels"
        ),
        "many": Refused("You can't include more than {most} {kind}s in a request."),
        "nameless": Refused("The document at {place} has no name. Add one, and try again."),
        "name-long": Refused(
            "1 validation error detected: Value '{name}' at '{place}.document.name' failed to satisfy "
            "constraint: Member must have length less than or equal to {most}"
        ),
        "name": Refused(
            "The document file name can only contain alphanumeric characters, whitespace characters, "
            "hyphens, parentheses, and square brackets. The name can't contain more than one consecutive "
            "whitespace character."
        ),
        "same-name": Refused(
            "Messages can't contain duplicate document names. Rename the document and retry your request."
        ),
        "textless": Refused(
            "A text block must be included when using documents. Add a text block and try again."
        ),
        "citations": Refused("This model doesn't support citations."),
        "citations-some": Refused(
            _ANSWERED + "messages: Citations must be enabled on all or none of the documents"
        ),
        "citations-bound": Refused(
            _ANSWERED + "output_config.format: Citations cannot be used with structured outputs"
        ),
        "citations-format": Refused(
            "Only txt and pdf formats are supported for citations, and the document at {place} is {word}."
        ),
        "citations-bytes": Refused(
            _ANSWERED + "{place}.document.source: The PDF specified was not valid. Use source.text for text."
        ),
        "beside-results": Refused(
            "The {kind} at {place} cannot be provided in the same turn as tool result blocks."
        ),
    },
)
