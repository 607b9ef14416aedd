"""A self-hosted server that speaks the Claude Messages API over the models that you choose."""

__version__ = "0.1.0"
