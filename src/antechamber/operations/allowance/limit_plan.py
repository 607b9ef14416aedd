"""What the requests of one caller for one class of models take, and from which buckets."""

from collections.abc import Sequence

from antechamber.limits.base import Bucket, Take
from antechamber.operations.allowance.limit_headers import LimitHeaders

_ANY = 1
"""Tokens that have to be left where it is not known how many it will be."""


class LimitPlan:
    """Made once for a caller and a class. Takes are of requests, then outputs, then inputs."""

    __slots__ = (
        "_fixed",
        "_requests",
        "counts_cache_reads",
        "headers",
        "inputs",
        "looks",
        "outputs",
    )

    def __init__(
        self,
        *,
        requests: Sequence[Bucket],
        outputs: Sequence[Bucket] = (),
        inputs: Sequence[Bucket] = (),
        counts_cache_reads: bool = False,
        exact_headers: bool = False,
    ) -> None:
        buckets = (*requests, *outputs, *inputs)
        fixed = len(requests) + len(outputs)
        self.outputs = outputs
        self.inputs = inputs
        self.counts_cache_reads = counts_cache_reads
        self.headers = LimitHeaders(
            [bucket.per_minute for bucket in buckets],
            {
                "requests": range(len(requests)),
                "input-tokens": range(fixed, len(buckets)),
                "output-tokens": range(len(requests), fixed),
            },
            exact=exact_headers,
        )
        self.looks = [Take(bucket, 0, 0) for bucket in buckets]
        """Takes nothing, to be told how the buckets stand."""
        self._requests = len(requests)
        self._fixed = (
            *(Take(bucket, 1, 1) for bucket in requests),
            *(Take(bucket, 0, _ANY) for bucket in outputs),
        )

    def takes(self, input_tokens: int, *, may_be_less: bool) -> list[Take]:
        """Return what a request needs whose input is estimated at so much, or may be far less."""
        least = _ANY if may_be_less else input_tokens
        return [*self._fixed, *[Take(bucket, input_tokens, least) for bucket in self.inputs]]

    def named(self, index: int) -> str:
        """Return what a refusal calls the limit of a take."""
        if index < self._requests:
            return "requests"
        return "output tokens" if index < len(self._fixed) else "input tokens"
