"""What credentials must be allowed to do for jobs at Bedrock, said where AWS denies it."""

from __future__ import annotations

from typing import Final

# docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html and
# bedrock/latest/userguide/batch-inference-permissions.html, 2026-11-26.
_OF_S3: Final = {
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectsV2": "s3:ListBucket",
}
_HINTS: Final = {
    "NoSuchBucket": "make the bucket, or name another: --s3 s3://BUCKET/PREFIX",
    "NoSuchKey": "it was there when it was listed: somebody deleted it, or moved it",
    "ServiceQuotaExceededException": "wait until other jobs of the model have ended",
}
_ELSEWHERE: Final = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301"}
)
_OF_OTHERS: Final = {"AssumeRole": "sts:AssumeRole"}
_CREATE: Final = "CreateModelInvocationJob"
_MOST_DOTS: Final = 2
"""In a modelId of CreateModelInvocationJob that is no ARN: botocore's model of it, 1.43.117."""


def denied_hint(operation: str, key_source: str | None) -> str:
    """The next step where AWS denied an operation.

    Args:
        operation: Its name in AWS's API.
        key_source: Where the credentials come from, where that is known.
    """
    right = _OF_S3.get(operation) or _OF_OTHERS.get(operation) or f"bedrock:{operation}"
    told = f"check that the credentials are allowed {right}"
    if operation in _OF_S3:
        told += ", and that the bucket's policy, owner and key do not deny it"
    if operation == _CREATE:
        told += " and, for the role of --role-arn, iam:PassRole"
    return told if key_source is None else f"{told}; the credentials come from {key_source}"


def code_hint(code: str, region: str | None) -> str:
    """The next step by a code of S3's or of the control plane's; "" where it tells none.

    Args:
        code: The code.
        region: The bucket's region, where S3 names it.
    """
    if code in _ELSEWHERE:
        where = f"in {region}" if region else "in another region"
        return f"the bucket is {where}, and jobs must run where it is: set aws_region"
    return _HINTS.get(code, "")


def model_hint(model: str, region: str) -> str:
    """The next step where AWS refused a job for a modelId that its pattern does not take; else ""."""
    if model.startswith("arn:") or model.count(".") <= _MOST_DOTS:
        return ""
    bare = model.partition(".")[2]
    profile = f"arn:aws:bedrock:{region}:ACCOUNT:inference-profile/{model}"
    return (
        f"a job's modelId may have at most {_MOST_DOTS} dots: name the model itself, if the region has it "
        f"({bare}), or the ARN of its inference profile ({profile})"
    )
