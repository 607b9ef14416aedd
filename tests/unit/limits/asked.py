"""What requests ask of a keeper of buckets."""

from antechamber.limits.base import Bucket, Take


def take(key: str, per_minute: int, amount: int, least: int | None = None) -> Take:
    return Take(Bucket(key, per_minute), amount, amount if least is None else least)
