"""Where the files of one branch lie, and what its session may do there."""

import json
from dataclasses import dataclass

FILES = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Without *endpoint*, the files lie in the deployment's own store."""

    bucket: str
    prefix: str = ""  # ends with "/" where branches share a bucket
    endpoint: str | None = None


def policy(placement: Placement) -> str:
    """Everything with the files of *placement*, nothing with others."""
    bucket = f"arn:aws:s3:::{placement.bucket}"
    within = {"Condition": {"StringLike": {"s3:prefix": f"{placement.prefix}*"}}}
    look = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket]}
    rules = [
        {"Effect": "Allow", "Action": FILES, "Resource": [f"{bucket}/{placement.prefix}*"]},
        {**look, **within} if placement.prefix else look,
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": rules})
