"""Gemini over its own API: generateContent, streamed."""

from antechamber.engines.gemini.engine import GeminiEngine, gemini_headers

__all__ = ["GeminiEngine", "gemini_headers"]
